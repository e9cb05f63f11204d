"""The door: :class:`Loader`."""

from __future__ import annotations

import atexit
import json
import os
import re
import time
import weakref
from typing import Iterator, Mapping, Optional, Sequence, Union

from . import _arguments, _daemon, _session
from ._control import Connection
from ._cuda import PageLock
from .batch import Batch
from .errors import PenstockError, SidecarDied

_VERSION = "0.1.0"


class Loader:
    """Batches of a dataset, in a promised order, as views of memory that the sidecar fills ahead of the caller.

    >>> with penstock.Loader("/data/train-{000000..000146}.tar", 256, seed=7) as loader:   # doctest: +SKIP
    ...     for batch in loader:                      # one epoch
    ...         train(batch["jpg"], batch["cls"])

    Args:
        dataset: path or URL with brace patterns, glob, directory, ``@list.txt``, or a list of them. None with ``mix``.
        batch_size: rows of this rank's batches; the global batch is ``batch_size * world_size``.
        rank, world_size: the data-parallel rank. Default: of ``torch.distributed`` when it is initialised, else of the
            environment (``RANK``, ``WORLD_SIZE``), else 0 of 1.
        shuffle: ``"block"``, ``"none"`` or ``"global"``; or ``"arrival"``, for data without an index that must start at once: this rank
            reads some of the shards forward at a time and permutes windows of them. It never ends, ``len()`` is a ``TypeError``,
            ``batch.epoch`` counts passes over this rank's shards. A state belongs to its rank, world and seed, and to these
            stored shards; it resumes exactly. ``epochs``, ``end``, ``mix``, ``filter``, ``batching``, ``skip`` and ``on_bad="replace"`` are refused.
        seed: of the order.
        epochs: the run's length. None: no end, and each iteration is one epoch. A number: one iteration goes through what is
            left of that many epochs.
        end: ``"drop"`` (incomplete last step left out), ``"pad"`` (filled with repeats, flagged) or ``"carry"`` (runs on into
            the next epoch).
        fields: written forms such as ``"jpg"``, ``"cls:int"``, ``"emb:npy"``, ``"emb:f32[16,16]"``, ``"ids:ints"``; None: all
            fields as bytes.
        mix: sources with weights, in place of ``dataset``: ``{"web-{000..099}.tar": 0.7, "code": 0.3}``, or a list of dicts
            ``{"dataset": ..., "weight": ..., "name": ..., "epochs": ...}``. A source with ``epochs`` is used up then, others repeat.
            A dict with ``"parts"`` in place of ``"dataset"`` is a group that shares its weight among them. Shares are exact
            over each cycle of rows; ``batch.sources`` says each row's source by its place in ``plan["sources"]``. A mixture's
            epoch is as many steps as its sources have samples together. See also :meth:`set_mix`.
        used_up: what happens when a source of so many epochs is used up: ``"stop"`` ends the run, ``"hand_over"`` gives its share
            to the others.
        filter: keeps a part of the data as a dataset of its own: ``"split:..0.9"`` to train and ``"split:0.9.."`` to validate (by a hash
            of the key), ``"range:0..1000"`` (numbers in stored order), ``"keys:@FILE"`` or ``"keys:a,b"``, ``"has:jpg"``, ``"bytes:..1000000"``,
            ``"bytes:jpg:1.."``; ``!`` in front for the opposite. A list: all have to hold. A source of ``mix`` may have its own.
        batching: batches by the samples' lengths, of a field with any number of elements such as ``"ids:u16[]"``:
            ``"first-fit:ids:4096"`` or ``"best-fit:ids:4096"`` (``batch_size`` packs of at most 4,096 tokens; see
            :meth:`Batch.packed`; behind it ``,longer=split`` for documents that are longer: ``truncate``, the default, cuts them in
            ``packed``, ``split`` makes rows of their pieces, ``drop`` leaves them out, ``refuse`` fails), ``"bucket:ids"`` (``batch_size`` rows of like lengths), ``"tokens:ids:65536"`` (a multiple of
            ``batch_size`` rows that take at most 65,536 tokens of this rank when padded to the longest). ``len()`` of the first
            and last kind is an estimate. Samples come once in an epoch, and steps run on over its end.
        order_id: the order of the other ranks (:attr:`order_id` of one of them); opening fails if this rank's is another. See also
            :func:`penstock.torch.check_ranks`.
        on_bad: ``"fail"``, ``"skip"`` (fewer rows) or ``"replace"`` (flagged) for samples whose bytes are wrong.
        device: where :meth:`penstock.torch.TorchLoader` puts batches; here it only decides whether the ring is page-locked
            (a CUDA device). None: page-locked if PyTorch with CUDA is loaded.
        run_dir: the run directory of a sidecar to join. Default: environment ``PENSTOCK_RUN_DIR``, else a private sidecar is
            started, and stopped when the loader closes.
        memory, cpus: the private sidecar's byte budget (``"4GiB"``) and number of CPUs.
        cache_dir: directory on a local disk where the private sidecar keeps blocks between runs, ``"/nvme/penstock"`` or
            ``"/nvme/penstock=200GiB"``; a list for several disks. One sidecar at a time uses a directory, so ranks of one
            host share a sidecar (``run_dir``, ``penstock serve --cache-dir``) rather than a directory.
        cache: ``"use"``, or ``"bypass"`` for a job that reads its data once: it reads what cache directories hold and adds nothing.
        cache_quota: bytes of this job's blocks, of all its ranks together, that may be in the cache directories, at most: ``"50GiB"``
            or a number. At the quota the job's own least needed blocks make room.
        job: a name that all ranks of this job give, where other jobs on the host ask for the very same order; by default the ranks
            that ask for one order are one job.
        slots: batches that may wait or be held at once; the ring's memory is ``slots`` times the batch.
        held_timeout: seconds after which waiting fails when the caller holds every slot; a warning comes after 2 s.
        restart_timeout: seconds to wait for a sidecar, at first and after one died.
        sidecar_options: further options of ``penstock serve`` for a private sidecar.

    The sidecar may die at any time: the loader reconnects (a private one it restarts) and goes on with the next batch.
    For one thread at a time, save that batches may be released by any thread. A forked child must not use it.

    Raises (from iterating, ``len`` and ``plan``): :class:`SidecarError` with the sidecar's reason, :class:`DataError` for a bad
    sample, :class:`SidecarDied` when no sidecar comes back in time, :class:`SlotsHeldError`, :class:`ForkedError`.
    """

    def __init__(
        self,
        dataset: Union[str, "os.PathLike[str]", Sequence[str], None],
        batch_size: int,
        *,
        rank: Optional[int] = None,
        world_size: Optional[int] = None,
        shuffle: str = "block",
        seed: int = 0,
        epochs: Optional[int] = None,
        end: str = "drop",
        fields: Optional[Sequence[str]] = None,
        mix: Union[Mapping[str, float], Sequence[dict], None] = None,
        used_up: str = "stop",
        filter: Union[str, Sequence[str], None] = None,
        batching: Optional[str] = None,
        order_id: Optional[str] = None,
        on_bad: str = "fail",
        device=None,
        run_dir: Optional[str] = None,
        memory: Union[str, int, None] = None,
        cpus: Optional[int] = None,
        cache_dir: Union[str, "os.PathLike[str]", Sequence[str], None] = None,
        cache: str = "use",
        cache_quota: Union[str, int, None] = None,
        job: Optional[str] = None,
        slots: Optional[int] = None,
        held_timeout: float = 60.0,
        restart_timeout: float = 120.0,
        sidecar_options: Sequence[str] = (),
    ):
        rank, world_size = _arguments.rank_and_world(rank, world_size)
        if (dataset is None) == (mix is None):
            raise ValueError("name either a dataset or, with mix=, the sources of a mixture")
        self._config = {
            "dataset": [] if dataset is None else _arguments.paths(dataset),
            "mix": _arguments.mixture(mix),
            "used_up": used_up,
            "filter": _arguments.filter_texts(filter),
            "batching": batching,
            "order_id": order_id,
            "batch_size": int(batch_size),
            "rank": rank,
            "world_size": world_size,
            "shuffle": shuffle,
            "seed": int(seed),
            "epochs": epochs,
            "end": end,
            "fields": None if fields is None else list(fields),
            "on_bad": on_bad,
            "cache": cache,
            "job": job,
            "cache_quota": None if cache_quota is None else _arguments.byte_count(cache_quota),
        }
        self.device = device
        self._arrival = shuffle == "arrival"
        if self._arrival and epochs:
            raise ValueError(
                f"epochs={epochs}: the order of arrival never ends: without an index nobody knows how many steps all ranks have. "
                "Stop reading when the run has had its steps."
            )
        self._one_epoch = epochs is None and not self._arrival
        self._slots, self._held_timeout, self._restart_timeout = slots, held_timeout, restart_timeout
        self._run_dir = run_dir or os.environ.get("PENSTOCK_RUN_DIR")
        if self._run_dir and (memory is not None or cpus is not None or cache_dir is not None or sidecar_options):
            raise ValueError(
                f"memory, cpus, cache_dir and sidecar_options are for a private sidecar; the one in {self._run_dir} has its own"
            )
        self._sidecar_options = [*_arguments.sidecar_options(memory, cpus, cache_dir), *sidecar_options]
        self._sidecar: Optional[_daemon.PrivateSidecar] = None
        self._page_lock = PageLock(device)
        self._session: Optional[_session.Session] = None
        self._cursor: Optional[bytes] = None  # JSON
        self._closed = False
        self._began = time.monotonic()
        _close_at_exit(self)

    # ---- the session ----

    def _connect(self) -> Connection:
        """A connection to a live sidecar; waits for one, or starts it, up to ``restart_timeout`` seconds."""
        deadline = time.monotonic() + self._restart_timeout
        pause = 0.01
        while True:
            try:
                if not self._run_dir:
                    if self._sidecar is None:
                        self._sidecar = _daemon.PrivateSidecar(self._sidecar_options)
                    self._sidecar.ensure_running()
                left = max(0.1, deadline - time.monotonic())
                return Connection(self.run_dir, f"penstock-python {_VERSION}", left)
            except _daemon.StartFailed:
                raise  # its own fault: another try would fail alike
            except (OSError, SidecarDied) as e:
                failure = e
            if time.monotonic() > deadline:
                raise SidecarDied(
                    f"no sidecar answered in {self.run_dir} within {self._restart_timeout:g} s (restart_timeout=): {failure}. "
                    + ("" if self._sidecar else f"Start one with: penstock serve --run-dir {self.run_dir}")
                ) from failure
            # Nothing tells when a socket will appear, so this is asked again, more and more seldom.
            time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
            pause = min(0.25, 2 * pause)

    def _open(self, skip: int = 0) -> _session.Session:
        if self._closed:
            raise PenstockError("this loader is closed")
        if self._session is None:
            self._session = _session.Session(
                self._connect,
                {**self._config, "cursor": self._cursor, "skip": skip},
                slots=self._slots,
                held_timeout=self._held_timeout,
                page_lock=self._page_lock,
                explain=lambda: self._sidecar.log_tail() if self._sidecar else "See its own log.",
            )
            self._cursor = self._session.cursor
        self._session.check_process()
        return self._session

    @property
    def run_dir(self) -> Optional[str]:
        """The run directory of the sidecar in use."""
        return self._run_dir or (self._sidecar.run_dir if self._sidecar else None)

    @property
    def plan(self) -> dict:
        """What the sidecar said of this session: ``schema``, ``batches_per_epoch``, ``order_id`` (equal on ranks that agree)."""
        return dict(self._open().plan)

    @property
    def order_id(self) -> str:
        """32 hexadecimal digits that are equal on ranks with equal data, seed, global batch and parameters of the order."""
        return self._open().plan["order_id"]

    @property
    def description(self) -> str:
        """One line on what is in use: sidecar, order, page locking and, where something is missing, why."""
        order = self._session.plan.get("description", "") if self._session else "not opened yet"
        return f"{'joined' if self._run_dir else 'private'} sidecar in {self.run_dir}; {order}; page lock: {self._page_lock.description}"

    # ---- iterating ----

    def __len__(self) -> int:
        """Batches of an epoch; a ``TypeError`` in the order of arrival, where nobody knows."""
        batches = self._open().plan["batches_per_epoch"]
        if batches is None:
            raise TypeError("the order of arrival never ends, so a loader in it has no len()")
        return batches

    def __iter__(self) -> Iterator[Batch]:
        """Goes on where the last iteration, or the loaded state, ended: to the end of that epoch (``epochs=None``) or of the run.

        In the order of arrival there is no end; leave the loop when the run has had its steps.
        """
        session = self._open()
        if session.cursor is not self._cursor:  # an interrupt hit between the session and the caller
            self._end_session()
            session = self._open()
        epoch = _epoch(self._cursor) if self._one_epoch else 0
        while True:
            batch = session.next()
            if batch is None:
                return
            self._cursor = cursor = batch.cursor_json
            yield batch
            del batch  # not held while the next one is awaited
            if self._session is not session:
                raise PenstockError("the loader was closed or given another state while it was iterated over")
            if self._one_epoch and _epoch(cursor) > epoch:
                return

    def ready(self) -> bool:
        """Whether the next batch is here already."""
        return self._open().ready()

    def state_dict(self) -> dict:
        """The position after the last batch that was yielded, as a small JSON-able dict, the same on every rank.

        Loading it continues with the next batch, also in a run with another ``world_size`` or ``batch_size``. In the order of
        arrival each rank has a state of its own: save them all, and load each on its rank of the same world.
        """
        return {"version": 1, "cursor": None if self._cursor is None else json.loads(self._cursor)}

    def load_state_dict(self, state: dict) -> None:
        """Continues from :meth:`state_dict` of another life of this loader. Call it before iterating."""
        if state.get("version") != 1 or "cursor" not in state:
            raise ValueError(f"this is no state of a penstock.Loader of version 1: {str(state)[:200]}")
        self._end_session()
        cursor = state["cursor"]
        self._cursor = None if cursor is None else json.dumps(cursor).encode()

    def skip(self, steps: int) -> None:
        """Leaves out the next ``steps`` steps, as after a loss spike; every rank has to, between the same two steps."""
        self._end_session()
        self._open(skip=int(steps))

    def rewind(self, steps: int) -> None:
        """Goes back by ``steps`` steps, to the start of the run at most; every rank has to, between the same two steps."""
        self.skip(-int(steps))

    def set_mix(self, mix) -> None:
        """Other weights of the same sources (``mix`` as for the constructor), from the next batch on.

        Every rank has to do this between the same two steps. A state that is saved afterwards has the change in it. Loading a
        state into a loader that was made with other weights does the same.
        """
        if not self._config["mix"]:
            raise ValueError("this loader reads one dataset, not a mixture")
        self._open()  # the position, before the first batch too
        self._end_session()
        self._config["mix"] = _arguments.mixture(mix)

    def stats(self) -> dict:
        """Counters of this life: batches, bytes, seconds waited, reconnections, and the hand-off latency in microseconds.

        Hand-off is from the sidecar's publication to the caller having the batch, over those batches that the caller
        was waiting for (the last 4,096 of them).
        """
        session = self._session
        if session is None:
            return {"batches": 0, "bytes": 0, "wait_seconds": 0.0}
        hand_off = sorted(session.hand_off_nanos)
        stats = {
            "batches": session.batches,
            "bytes": session.bytes,
            "wait_seconds": session.wait_nanos / 1e9,
            "waits": session.waits,
            "wall_seconds": time.monotonic() - self._began,
            "reconnects": session.reconnects,
        }
        for percent in (50, 99) if hand_off else ():
            stats[f"hand_off_p{percent}_us"] = hand_off[min(len(hand_off) - 1, len(hand_off) * percent // 100)] / 1e3
        return stats

    # ---- closing ----

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def close(self) -> None:
        """Ends the session and a private sidecar. Idempotent. Batches and views that are alive stay readable."""
        self._closed = True
        try:
            self._end_session()
        finally:
            if self._sidecar is not None:
                self._sidecar.close()

    def __enter__(self) -> "Loader":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # the interpreter may be half gone
            pass

    def __repr__(self) -> str:
        data = self._config["dataset"] or [part.get("name") or part.get("dataset", "group") for part in self._config["mix"]]
        return f"<Loader of {data}, batches of {self._config['batch_size']}, rank {self._config['rank']} of {self._config['world_size']}>"


_EPOCH = re.compile(rb'"epoch": ?(\d+)')


def _epoch(cursor: bytes) -> int:
    """The epoch of a cursor, without parsing all of it for each batch."""
    return int(_EPOCH.search(cursor)[1])


def _close_at_exit(loader: Loader) -> None:
    """Closes the loader when the interpreter ends, without keeping it alive until then."""
    reference = weakref.ref(loader)

    def close() -> None:
        alive = reference()
        if alive is not None:
            alive.close()

    atexit.register(close)
    weakref.finalize(loader, atexit.unregister, close).atexit = False
