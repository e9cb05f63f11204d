"""One batch: a slot of the ring, seen as columns."""

from __future__ import annotations

import json
import struct
from typing import Optional

import numpy as np

from .columns import BytesColumn, ColumnPlan
from .errors import PenstockError, ReleasedError

#: The slot's header, docs/protocol/ring.md.
_HEADER = struct.Struct("<QQIIQQQQIIIIQQ")
_TABLE_AT = 128
FLAG_END = 1

PADDING, REPLACEMENT = 1, 2


class Batch:
    """Samples of one step, as views of a slot that the sidecar has filled.

    ``batch["jpg"]`` is a :class:`BytesColumn` for bytes, a numpy array of shape ``(rows, *shape)`` for numbers and
    tensors, a :class:`RaggedColumn` for lists of numbers. All are views; nothing is copied. The memory is yours, to
    write as well, until the slot goes back:

    * by :meth:`release`: at once. Views made before show another batch's bytes some time later; do not use them.
    * by :meth:`to`: when the copy to the device has finished.
    * by itself: when the batch **and every view made from it** are gone. Every array, memoryview and tensor has the
      slot's memory object as its base, through however many slices, and the slot is freed by that object's finalizer.

    Not thread-safe, except :meth:`release`.

    Attributes:
        rows: number of samples; fewer than the batch size where samples were left out.
        epoch, step: of the global order, from 0.
        sequence: number of the batch in its session with the sidecar, from 0.
        bad_samples: how many were left out or replaced in this batch.
        published_nanos: ``time.monotonic_ns()`` of the moment when the sidecar handed it over.
    """

    def __init__(self, memory, hold, columns: "dict[str, ColumnPlan]", arrow_schema: bytes = b"", copies=None):
        self._memory = memory
        self._hold = hold
        self._columns = columns
        self._arrow_schema = arrow_schema
        self._copies = copies
        (
            self.sequence,
            self.published_nanos,
            self.rows,
            flags,
            self._message,
            self._message_bytes,
            self._body,
            self._body_bytes,
            buffers,
            cursor,
            cursor_bytes,
            self.bad_samples,
            self.step,
            self.epoch,
        ) = _HEADER.unpack_from(memory, 0)
        #: Whether this is no batch but the mark behind the last one.
        self.ends = bool(flags & FLAG_END)
        self._table = struct.unpack_from(f"<{2 * buffers}Q", memory, _TABLE_AT)
        self.cursor_json = bytes(memoryview(memory)[cursor : cursor + cursor_bytes])
        self._views: dict = {}
        self._keys: Optional[list] = None

    @property
    def cursor(self) -> dict:
        """The position after this batch: what a checkpoint keeps, to go on with the next one."""
        return json.loads(self.cursor_json)

    @property
    def fields(self) -> "list[str]":
        """Names of the columns that hold the samples' fields."""
        return [name for name in self._columns if not name.startswith("__")]

    @property
    def keys(self) -> "list[str]":
        """The samples' keys; bytes that are not UTF-8 become surrogates (``surrogateescape``)."""
        if self._keys is None:
            column = self["__key__"]
            raw, bounds = column.data.tobytes(), column.offsets.tolist()
            self._keys = [raw[a:b].decode("utf-8", "surrogateescape") for a, b in zip(bounds, bounds[1:])]
        return self._keys

    @property
    def flags(self) -> np.ndarray:
        """uint8 per row: 1 = a repeat that pads the epoch, 2 = stands in for a bad sample."""
        return self["__flags__"]

    @property
    def sources(self) -> np.ndarray:
        """int32 per row: the source of a mixture that it is of, by its place in ``loader.plan["sources"]``."""
        return self["__source__"] if "__source__" in self else np.zeros(self.rows, np.int32)

    @property
    def starts(self) -> np.ndarray:
        """int32 per row: the number of its first token in its document; 0 unless ``batching`` has ``longer=split``."""
        return self["__start__"] if "__start__" in self else np.zeros(self.rows, np.int32)

    def packed(self, field: str, tokens: int, pad=0) -> "Packed":
        """The packs of this batch as arrays of fixed shape, for a loader with ``batching="first-fit:…"`` or ``"best-fit:…"``.

        ``tokens`` is the packs' budget, ``pad`` fills what is left of each. A copy; the batch may be released afterwards. For
        kernels that take sequences without padding, ``batch[field].values`` and ``batch[field].offsets`` are that already,
        without a copy: the offsets are their ``cu_seqlens``.
        """
        from .packing import pack

        return pack(self, field, tokens, pad)

    @property
    def nbytes(self) -> int:
        """Bytes of the columns in the slot."""
        return self._body_bytes

    @property
    def released(self) -> bool:
        return self._hold is None or self._hold.released

    def __getitem__(self, name: str):
        view = self._views.get(name)
        if view is None:
            plan = self._columns.get(name)
            if plan is None:
                raise KeyError(f"{name!r} is no column of this batch; there are {', '.join(self._columns)}")
            view = self._views[name] = plan.view(self._require(), self._table, self._body, self.rows)
        return view

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def __len__(self) -> int:
        return self.rows

    # Rows or fields? Neither: iterate over batch.fields, or over a column.
    __iter__ = None

    def items(self):
        """(name, column) of each field."""
        return [(name, self[name]) for name in self.fields]

    def _require(self):
        if self._memory is None or self._hold.released:
            raise ReleasedError("this batch was released; copy what you need before release(), or release later")
        return self._memory

    def release(self) -> None:
        """Gives the slot back now. Idempotent; any thread. Views of the batch must not be used afterwards."""
        hold, self._hold = self._hold, None
        if hold is not None:
            hold.release()  # before the memory goes, whose finalizer would swallow a KeyboardInterrupt
        self._memory = None
        self._views = {}

    def free_after(self, event) -> None:
        """Gives the slot back once ``event`` (with ``query()`` and ``synchronize()``, as CUDA events have) has fired."""
        memory, hold = self._require(), self._hold
        self._memory = self._hold = None
        self._views = {}
        # With the memory, so that no finalizer frees the slot before the event does.
        self._copies.append((event, hold, memory))

    def to(self, device, stream=None):
        """Copies the batch to ``device`` and gives the slot back as soon as the copy is done.

        ``device`` is anything ``torch.device`` takes; ``stream`` a ``torch.cuda.Stream`` (default: the current one).
        On a CUDA device the copies are queued and this returns at once; the slot is freed when the event recorded
        behind them has fired. On the CPU it copies now. Returns a :class:`penstock.torch.DeviceBatch`.
        """
        from .torch import copy_to  # PyTorch only when asked for

        return copy_to(self, device, stream)

    def to_arrow(self):
        """The batch as a ``pyarrow.RecordBatch`` over the same memory, without a copy."""
        import pyarrow as pa

        if not self._arrow_schema:
            raise PenstockError("the sidecar sent no Arrow schema")
        message = memoryview(self._require()).cast("B")[self._message : self._message + self._message_bytes]
        return pa.ipc.read_record_batch(pa.py_buffer(message), pa.ipc.read_schema(pa.py_buffer(self._arrow_schema)))

    def __repr__(self) -> str:
        state = "released" if self.released else f"{self._body_bytes} bytes"
        return f"<Batch epoch {self.epoch} step {self.step}: {self.rows} rows of {', '.join(self.fields)}; {state}>"


__all__ = ["Batch", "BytesColumn", "PADDING", "REPLACEMENT"]
