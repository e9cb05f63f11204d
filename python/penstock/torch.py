"""PyTorch on top of :mod:`penstock`: tensors, devices, and per-sample decoding on threads."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Iterator, NamedTuple, Optional

import numpy as np
import torch

from .batch import Batch
from .columns import BytesColumn, RaggedColumn
from .errors import PenstockError
from .loader import Loader

# Unsigned types that PyTorch lacks, and what holds all their values (uint64 keeps its bits).
_WIDER = {np.dtype("<u2"): np.int32, np.dtype("<u4"): np.int64}


class Ragged(NamedTuple):
    """Values of any length per row, on a device: row ``i`` is ``values[offsets[i]:offsets[i + 1]]``."""

    values: torch.Tensor
    offsets: torch.Tensor

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def row(self, i: int) -> torch.Tensor:
        return self.values[int(self.offsets[i]) : int(self.offsets[i + 1])]


class DeviceBatch(dict):
    """A batch on a device: field name to tensor, or to :class:`Ragged` for bytes and lists. Its memory is its own.

    Attributes: ``sample_keys`` (list of str), ``flags`` (CPU tensor), ``cursor``, ``step``, ``epoch``.
    """

    def __init__(self, batch: Batch):
        super().__init__()
        self.sample_keys = batch.keys
        self.flags = torch.from_numpy(batch.flags.copy())
        self.cursor, self.step, self.epoch = batch.cursor, batch.step, batch.epoch


def tensor(array: np.ndarray) -> torch.Tensor:
    """The array as a tensor over the same memory; uint16 and uint32 are copied into wider types."""
    if array.dtype in _WIDER:
        return torch.from_numpy(array.astype(_WIDER[array.dtype]))
    return torch.from_numpy(array.view(np.int64) if array.dtype == np.dtype("<u8") else array)


def _tensors(batch: Batch) -> "Iterator[tuple[str, Any]]":
    for name, column in batch.items():
        if isinstance(column, BytesColumn):
            yield name, Ragged(tensor(column.data), tensor(column.offsets))
        elif isinstance(column, RaggedColumn):
            yield name, Ragged(tensor(column.values), tensor(column.offsets))
        else:
            yield name, tensor(column)


def copy_to(batch: Batch, device, stream=None) -> DeviceBatch:
    """What :meth:`penstock.Batch.to` does."""
    device = torch.device(device)
    moved = DeviceBatch(batch)
    if device.type != "cuda":

        def copy(values):
            return values.clone() if device.type == "cpu" else values.to(device)

        for name, value in _tensors(batch):
            moved[name] = Ragged(*map(copy, value)) if isinstance(value, Ragged) else copy(value)
        batch.release()
        return moved
    if stream is None:
        stream = torch.cuda.current_stream(device)
    with torch.cuda.stream(stream):
        for name, value in _tensors(batch):
            if isinstance(value, Ragged):
                moved[name] = Ragged(*(part.to(device, non_blocking=True) for part in value))
            else:
                moved[name] = value.to(device, non_blocking=True)
        event = torch.cuda.Event()
        event.record(stream)
    batch.free_after(event)
    return moved


def rows(batch: Batch) -> "list[dict]":
    """The batch's samples: ``"__key__"`` and each field (memoryview for bytes, numpy views and numbers else)."""
    columns = [("__key__", batch.keys), *batch.items()]
    return [{name: column[i] for name, column in columns} for i in range(batch.rows)]


def check_ranks(loader, group=None) -> None:
    """Compares order and position of all ranks' loaders, before the first step: raises on every rank where one differs.

    A collective call of ``torch.distributed`` (``group``: its process group). ``loader`` is a :class:`penstock.Loader` or a
    :class:`TorchLoader`.
    """
    inner = getattr(loader, "loader", loader)
    mine = (inner.order_id, inner.state_dict()["cursor"])
    everyone = [None] * torch.distributed.get_world_size(group)
    torch.distributed.all_gather_object(everyone, mine, group=group)
    for rank, theirs in enumerate(everyone):
        if theirs[0] != mine[0]:
            raise PenstockError(
                f"rank {rank} has order id {theirs[0]}, this one {mine[0]}: dataset, filter, mix, seed, global batch or a parameter "
                f"of the order differ. This rank: {inner.description}"
            )
        if theirs[1] != mine[1]:
            raise PenstockError(f"rank {rank} would start at {theirs[1]}, this one at {mine[1]}: load the same state on all ranks")


class TorchLoader(torch.utils.data.IterableDataset):
    """Batches as dicts of tensors, or of what ``decode`` makes of each sample.

    Without ``decode`` each batch is ``{"__key__": list of str, field: value}``: numbers and tensors as tensors of shape
    ``(rows, *shape)``, bytes as a list of uint8 tensors, lists of numbers as a list of tensors. All are views of the slot
    and keep it until they are gone. With ``device`` (other than the CPU) they are copies there: see
    :class:`DeviceBatch`.

    With ``decode``, a function from one sample (``{"__key__": str, "jpg": memoryview, "cls": numpy.int64, …}``) to anything, it is
    called on ``workers`` threads, and ``collate`` (default: PyTorch's) joins a batch's results. Decoding runs up to
    ``prefetch`` batches ahead. It must not keep views of its sample; copies are fine, and what NumPy, Pillow or torchvision
    decode are copies. A sample that ``decode`` raises for ends the iteration with that exception, noting the key.

    Takes the options of :class:`penstock.Loader` besides. Iterate over it directly, or through ``torch.utils.data.DataLoader``
    with ``batch_size=None, num_workers=0``: worker processes would only add copies.
    """

    def __init__(
        self,
        dataset,
        batch_size: int,
        *,
        decode: Optional[Callable[[dict], Any]] = None,
        collate: Optional[Callable[[list], Any]] = None,
        workers: Optional[int] = None,
        prefetch: int = 2,
        device=None,
        **options,
    ):
        if prefetch < 1:
            raise ValueError(f"prefetch is {prefetch}, at least 1 batch has to be decoded at a time")
        self.loader = Loader(dataset, batch_size, device=device, **options)
        self.device = None if device is None else torch.device(device)
        self._decode = decode
        self._collate = collate or torch.utils.data.default_collate
        self._workers = workers or max(1, min(8, (os.cpu_count() or 2) - 1))
        self._prefetch = prefetch
        self._pool: Optional[ThreadPoolExecutor] = None
        self._source: Optional[Iterator[Batch]] = None
        self._pending: deque = deque()  # (state after it, futures), in order
        self._state: Optional[dict] = None

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        return self._plain() if self._decode is None else self._decoded()

    def _plain(self) -> Iterator[Any]:
        for batch in self.loader:
            self._state = self.loader.state_dict()
            if self.device is not None and self.device.type != "cpu":
                yield batch.to(self.device)
                continue
            made = {"__key__": batch.keys}
            for name, value in _tensors(batch):
                made[name] = [value.row(i) for i in range(len(value))] if isinstance(value, Ragged) else value
            del batch, value  # only what the caller keeps holds the slot
            yield made
            del made

    def _decoded(self) -> Iterator[Any]:
        # Batches that are being decoded stay in self when the caller breaks off, so that the next iteration has them.
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="penstock-decode")
        if self._source is None:
            self._source = iter(self.loader)
        while True:
            self._fill()
            if not self._pending:
                self._source = None
                return
            state, futures = self._pending.popleft()
            made = self._collate([future.result() for future in futures])
            self._state = state
            if self.device is not None and self.device.type != "cpu":
                made = _to(made, self.device)
            yield made

    def _fill(self) -> None:
        """Hands batches to the threads: one if none is under way, more as far as they are here already."""
        while len(self._pending) < self._prefetch and (not self._pending or self.loader.ready()):
            batch = next(self._source, None)
            if batch is None:
                return
            futures = [self._pool.submit(_decode_one, self._decode, row) for row in rows(batch)]
            self._pending.append((self.loader.state_dict(), futures))

    def state_dict(self) -> dict:
        """As :meth:`penstock.Loader.state_dict`: after the last batch that was yielded, whatever is being decoded."""
        return self._state or self.loader.state_dict()

    def load_state_dict(self, state: dict) -> None:
        """As :meth:`penstock.Loader.load_state_dict`."""
        self._pending.clear()
        self._source = self._state = None
        self.loader.load_state_dict(state)

    def skip(self, steps: int) -> None:
        """As :meth:`penstock.Loader.skip`, from the last batch that was yielded on."""
        state = self.state_dict()
        self.load_state_dict(state)
        self.loader.skip(steps)

    def rewind(self, steps: int) -> None:
        """As :meth:`penstock.Loader.rewind`."""
        self.skip(-steps)

    def stats(self) -> dict:
        return self.loader.stats()

    def close(self) -> None:
        """Stops the threads and closes the loader. Idempotent."""
        self._pending.clear()
        self._source = None
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        self.loader.close()

    def __enter__(self) -> "TorchLoader":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def _decode_one(decode: Callable[[dict], Any], sample: dict) -> Any:
    try:
        return decode(sample)
    except Exception as e:
        raise PenstockError(f"decode failed for sample {sample['__key__']!r}: {type(e).__name__}: {e}") from e


def _to(made, device):
    """Moves tensors in nested dicts, lists and tuples."""
    if isinstance(made, torch.Tensor):
        return made.to(device, non_blocking=True)
    if isinstance(made, dict):
        return {name: _to(value, device) for name, value in made.items()}
    if isinstance(made, (list, tuple)):
        moved = [_to(value, device) for value in made]
        return type(made)(*moved) if hasattr(made, "_fields") else type(made)(moved)
    return made
