"""The adapter's side of the conformance protocol (docs/conformance.md): jobs in, lines of JSON out.

An adapter calls :func:`serve` with what it is and how it reads. What libraries print goes to standard error, so that
standard output carries the protocol alone.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import sys
import traceback
from typing import Any, Callable, Iterator, NamedTuple, Optional, Sequence


class Unsupported(Exception):
    """The loader does not offer what the job asks; the message says so in a sentence."""


class Step(NamedTuple):
    """One batch of the job's rank."""

    epoch: int
    ids: "list[str]"
    #: Called only where the job wants the state; returns something JSON can hold.
    state: Optional[Callable[[], Any]] = None
    #: Which rows count; None: all. Rows that only fill up a batch do not.
    valid: "Optional[Sequence[bool]]" = None
    #: Size of the loader's own form of a state, where it is not the JSON's.
    state_bytes: Optional[Callable[[Any], int]] = None


class Job:
    """What the suite asks of one rank. Attributes as in docs/conformance.md; ``start`` is None or a dict."""

    def __init__(self, job: dict):
        self.data: str = job.get("data")
        self.work: str = job.get("work")
        self.mix: "Optional[list[dict]]" = job.get("mix")
        self.seed: int = job["seed"]
        self.epochs: int = job["epochs"]
        self.rank: int = job["rank"]
        self.world: int = job["world"]
        self.batch: int = job["batch"]
        self.workers: int = job["workers"]
        self.steps: int = job["steps"]
        self.states: str = job["states"]
        self.start: "Optional[dict]" = job["start"]

    @property
    def own_state(self):
        """The state that this rank saved, for loaders whose ranks have states of their own."""
        if self.start["world"] != self.world:
            raise Unsupported(f"a state belongs to its rank: {self.start['world']} ranks saved it, {self.world} would load it")
        return self.start["states"][self.rank]


def shards(directory: str) -> "list[str]":
    """The tar shards of a dataset, in stored order."""
    return [os.path.join(directory, name) for name in sorted(os.listdir(directory)) if name.endswith(".tar")]


def samples(directory: str) -> "Iterator[tuple[str, bytes, int]]":
    """Key, bytes and label of each sample, in stored order; for converting to a loader's own format."""
    import tarfile

    for shard in shards(directory):
        with tarfile.open(shard) as tar:
            fields: "dict[str, bytes]" = {}
            for member in tar:
                key, _, name = member.name.partition(".")
                fields[name] = tar.extractfile(member).read()
                if len(fields) == 2:
                    yield key, fields["bin"], int(fields["cls"])
                    fields = {}


def pack(state) -> dict:
    """A state of any kind as JSON, with its own size."""
    data = pickle.dumps(state)
    return {"pickle": base64.b64encode(data).decode(), "bytes": len(data)}


def packed_bytes(state: dict) -> int:
    """The size of what was packed."""
    return state["bytes"]


def unpack(state: dict):
    """What was packed."""
    return pickle.loads(base64.b64decode(state["pickle"]))


def serve(
    *,
    version: str,
    notes: "list[str]",
    read: "Callable[[Job], Iterator[Step]]",
    prepare: "Callable[[str, str], None]" = lambda data, work: None,
    many_jobs: bool = False,
    fork: bool = False,
) -> None:
    """Takes jobs from standard input until it ends (or after one, unless ``many_jobs``).

    Args:
        version: of the loader.
        notes: how it is set up, sentences for the report.
        read: yields the steps of a job; raises :class:`Unsupported`.
        prepare: makes what the loader needs of the tar shards in ``data``, in the directory ``work``.
        many_jobs: whether one process can do job after job without one leaking into the next.
        fork: does each job in a forked child, for loaders that keep global state but take long to import; what is imported
            before is shared.
    """
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(line: dict) -> None:
        out.write(json.dumps(line) + "\n")
        out.flush()

    say({"ready": {"version": version, "notes": notes, "many_jobs": many_jobs or fork}})
    for line in sys.stdin:
        child = os.fork() if fork else 0
        if child:
            _, status = os.waitpid(child, 0)
            if status:
                say({"failed": f"the job's process ended with status {os.waitstatus_to_exitcode(status)}"})
            continue
        _do(json.loads(line), prepare, read, say)
        if fork or not many_jobs:
            break
    # Worker processes and threads of a loader that stopped in mid-epoch must not keep this process.
    os._exit(0)


def _do(job: dict, prepare, read, say) -> None:
    try:
        if job["op"] == "prepare":
            prepare(job["data"], job["work"])
        else:
            _read(Job(job), read, say)
        say({"done": True})
    except Unsupported as e:
        say({"unsupported": str(e)})
    except Exception as e:  # whatever the loader raises is its answer
        traceback.print_exc()
        say({"failed": f"{type(e).__name__}: {e}"[:500]})


def _read(job: Job, read, say) -> None:
    held = None  # one step late where only the last state is wanted and the end is not known before
    for number, step in enumerate(read(job), 1):
        line = {"epoch": step.epoch, "ids": step.ids}
        if step.valid is not None:
            line["valid"] = [bool(v) for v in step.valid]
        wanted = job.states == "all" or (job.states == "last" and number == job.steps)
        if wanted:
            if step.state is None:
                raise Unsupported("this loader has no state that could be saved")
            line["state"] = step.state()
            if step.state_bytes is not None:
                line["state_bytes"] = step.state_bytes(line["state"])
        say(line)
        held = number
        if job.steps and number == job.steps:
            return
    if job.steps and held != job.steps:
        raise RuntimeError(f"it ended after {held or 0} steps, {job.steps} were asked for")
