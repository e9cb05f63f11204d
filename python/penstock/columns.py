"""Columns of a batch: views of the slot, without a copy.

Every array here has the slot's memory as its numpy base, so it keeps the slot; see :class:`penstock.Batch` for when
the slot goes back.
"""

from __future__ import annotations

from typing import Iterator, Sequence

import numpy as np


class BytesColumn(Sequence):
    """Variable-size bytes, one value per row. ``column[i]`` is a ``memoryview`` of row ``i``, without a copy.

    Attributes:
        data: uint8 array, all values one after the other.
        offsets: int32 array of ``rows + 1``: row ``i`` is ``data[offsets[i]:offsets[i + 1]]``.
    """

    __slots__ = ("data", "offsets", "_view", "_bounds")

    def __init__(self, data: np.ndarray, offsets: np.ndarray):
        self.data = data
        self.offsets = offsets
        self._view = memoryview(data)
        self._bounds = offsets.tolist()

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __getitem__(self, i: int) -> memoryview:
        rows = len(self._bounds) - 1
        if i < 0:
            i += rows
        if not 0 <= i < rows:
            raise IndexError(f"row {i} of a column of {rows}")
        return self._view[self._bounds[i] : self._bounds[i + 1]]

    def array(self, i: int) -> np.ndarray:
        """Row ``i`` as a uint8 array, without a copy."""
        return np.frombuffer(self[i], np.uint8)

    def tobytes(self) -> "list[bytes]":
        """Copies of all values."""
        return [bytes(value) for value in self]

    def __repr__(self) -> str:
        return f"<BytesColumn of {len(self)} rows, {self.data.nbytes} bytes>"


class RaggedColumn(Sequence):
    """Numbers, any count per row. ``column[i]`` is an array of row ``i``, without a copy.

    Attributes:
        values: all numbers one after the other.
        offsets: int32 array of ``rows + 1``: row ``i`` is ``values[offsets[i]:offsets[i + 1]]``.
    """

    __slots__ = ("values", "offsets", "_bounds")

    def __init__(self, values: np.ndarray, offsets: np.ndarray):
        self.values = values
        self.offsets = offsets
        self._bounds = offsets.tolist()

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __getitem__(self, i: int) -> np.ndarray:
        rows = len(self._bounds) - 1
        if i < 0:
            i += rows
        if not 0 <= i < rows:
            raise IndexError(f"row {i} of a column of {rows}")
        return self.values[self._bounds[i] : self._bounds[i + 1]]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"<RaggedColumn of {len(self)} rows, {self.values.size} {self.values.dtype}>"


#: Arrow buffers of each form of column.
_BUFFERS = {"binary": 3, "primitive": 2, "tensor": 3, "list": 4}


class ColumnPlan:
    """Where a column's buffers stand in a slot's table, and how to see them."""

    __slots__ = ("name", "form", "dtype", "shape", "first")

    def __init__(self, column: dict, first: int):
        self.name = column["name"]
        self.form = column["form"]
        self.dtype = np.dtype(column["dtype"]).newbyteorder("<")
        self.shape = tuple(column["shape"])
        self.first = first

    @staticmethod
    def of(schema: dict) -> "dict[str, ColumnPlan]":
        """The columns of a schema as PLAN carries it, by name, in order."""
        plans, first = {}, 0
        for column in schema["columns"]:
            plans[column["name"]] = ColumnPlan(column, first)
            first += _BUFFERS[column["form"]]
        return plans

    def view(self, memory, table: Sequence[int], body: int, rows: int):
        """The column of a slot: ``table`` holds (offset, length) pairs, flat, from ``body`` on."""

        def array(buffer: int, dtype) -> np.ndarray:
            offset, length = table[2 * (self.first + buffer)], table[2 * (self.first + buffer) + 1]
            return np.frombuffer(memory, dtype, length // dtype.itemsize, body + offset) if length else np.empty(0, dtype)

        if self.form == "binary":
            return BytesColumn(array(2, self.dtype), array(1, _INT32)[: rows + 1])
        if self.form == "list":
            return RaggedColumn(array(3, self.dtype), array(1, _INT32)[: rows + 1])
        values = array(2 if self.form == "tensor" else 1, self.dtype)
        return values[: rows * int(np.prod(self.shape, dtype=np.int64))].reshape((rows, *self.shape))


_INT32 = np.dtype("<i4")
