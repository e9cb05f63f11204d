"""Packs: several samples laid end to end into rows of a fixed number of tokens."""

from __future__ import annotations

import numpy as np

from .errors import PenstockError


class Packed:
    """Packs as arrays, of ``P`` packs of ``T`` tokens.

    Attributes:
        values: ``(P, T)`` of the field's type: the samples' tokens, then padding.
        document_ids: int32 ``(P, T)``: which of the pack's samples a token is of, from 0; -1 for padding.
        position_ids: int32 ``(P, T)``: the token's place in its sample (in its piece of it, where long ones are split:
            :attr:`Batch.starts` says from which token on each row is); 0 for padding.
        cu_seqlens: for each pack an int32 array ``[0, end of the first sample, …]``: where its samples end.
        rows: for each pack the numbers of its samples in the batch, in the order in which they are laid.
    """

    __slots__ = ("values", "document_ids", "position_ids", "cu_seqlens", "rows")

    def __init__(self, packs: int, tokens: int, dtype, pad):
        self.values = np.full((packs, tokens), pad, dtype)
        self.document_ids = np.full((packs, tokens), -1, np.int32)
        self.position_ids = np.zeros((packs, tokens), np.int32)
        self.cu_seqlens: "list[np.ndarray]" = []
        self.rows: "list[np.ndarray]" = []

    def __len__(self) -> int:
        return len(self.values)


def pack(batch, field: str, tokens: int, pad=0) -> Packed:
    """What :meth:`penstock.Batch.packed` does."""
    if "__pack__" not in batch:
        raise PenstockError('this batch is not packed; make the loader with batching="first-fit:FIELD:TOKENS"')
    column, pack_of = batch[field], batch["__pack__"]
    if not hasattr(column, "values"):
        raise PenstockError(f"{field!r} has no lists of numbers; declare it as {field}:u16[], or of another type")
    packs = int(pack_of[-1]) + 1 if batch.rows else 0
    made = Packed(packs, tokens, column.values.dtype, pad)
    positions = np.arange(tokens, dtype=np.int32)
    bounds = np.searchsorted(pack_of, np.arange(packs + 1))  # rows stand pack by pack
    for number in range(packs):
        rows = np.arange(bounds[number], bounds[number + 1])
        ends = np.zeros(len(rows) + 1, np.int32)
        for i, row in enumerate(rows):
            start = int(ends[i])
            end = min(tokens, start + len(column[row]))  # a sample longer than the budget is cut
            made.values[number, start:end] = column[row][: end - start]
            made.document_ids[number, start:end] = i
            made.position_ids[number, start:end] = positions[: end - start]
            ends[i + 1] = end
        made.cu_seqlens.append(ends)
        made.rows.append(rows)
    return made
