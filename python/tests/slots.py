"""Builds slots as the sidecar does, for tests: the interior of docs/protocol/ring.md."""

import json
import struct

import numpy as np

SCHEMA = {
    "columns": [
        {"name": "__key__", "form": "binary", "dtype": "uint8", "shape": []},
        {"name": "__flags__", "form": "primitive", "dtype": "uint8", "shape": []},
        {"name": "txt", "form": "binary", "dtype": "uint8", "shape": []},
        {"name": "cls", "form": "primitive", "dtype": "int64", "shape": []},
        {"name": "emb", "form": "tensor", "dtype": "float32", "shape": [2, 2]},
        {"name": "ids", "form": "list", "dtype": "int64", "shape": []},
    ]
}


def align(n):
    return -(-n // 64) * 64


def binary(values):
    offsets = np.cumsum([0] + [len(v) for v in values]).astype("<i4")
    return [b"", offsets.tobytes(), b"".join(values)]


def ragged(values, dtype):
    offsets = np.cumsum([0] + [len(v) for v in values]).astype("<i4")
    return [b"", offsets.tobytes(), b"", b"".join(np.asarray(v, dtype).tobytes() for v in values)]


def buffers_of(keys, flags, txt, cls, emb, ids):
    return (
        binary(keys)
        + [b"", bytes(flags)]
        + binary(txt)
        + [b"", np.asarray(cls, "<i8").tobytes()]
        + [b"", b"", np.asarray(emb, "<f4").tobytes()]
        + ragged(ids, "<i8")
    )


def build(sequence, rows, buffers, cursor, *, flags=0, step=0, epoch=0, bad=0, nanos=0):
    """The bytes of a slot."""
    cursor = json.dumps(cursor).encode()
    table, body = b"", b""
    for data in buffers:
        table += struct.pack("<QQ", len(body), len(data))
        body += data + bytes(align(len(data)) - len(data))
    cursor_at = 128 + len(table)
    body_at = align(cursor_at + len(cursor))
    head = struct.pack(
        "<QQIIQQQQIIIIQQ",
        *(sequence, nanos, rows, flags, body_at, len(body), body_at, len(body)),
        *(len(buffers), cursor_at, len(cursor), bad, step, epoch),
    )
    out = head + bytes(128 - len(head)) + table + cursor
    return out + bytes(body_at - len(out)) + body
