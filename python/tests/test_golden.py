"""Reads what the Java side wrote: tests/golden, made by RingGoldenTest."""

import json
import os

import numpy as np
import pytest

from penstock import _ring
from penstock.batch import Batch
from penstock.columns import ColumnPlan

GOLDEN = os.path.join(os.path.dirname(__file__), "golden")


@pytest.fixture
def golden():
    """A ring whose memory is the golden file's, and what it should hold."""
    with open(os.path.join(GOLDEN, "ring-v1.json"), encoding="utf-8") as file:
        expected = json.load(file)
    ring = _ring.Ring(expected["slot_count"], expected["slot_bytes"])
    ring.attach(expected["daemon_epoch"])
    header = bytes(ring.memory[:64])
    with open(os.path.join(GOLDEN, "ring-v1.bin"), "rb") as file:
        golden = file.read()
    assert len(golden) == ring.size
    assert golden[:64] == header, "both sides write the same header"
    ring.memory[:] = golden
    return ring, expected


def next_batch(ring, schema):
    hold = ring.take()
    return Batch(ring.slot_memory(hold), hold, ColumnPlan.of(schema))


def test_batches_of_the_java_side(golden):
    ring, expected = golden
    assert ring._q[_ring.EPOCH_WORD] == expected["daemon_epoch"] and ring.ready() == 3
    for number, wanted in enumerate(expected["batches"]):
        batch = next_batch(ring, expected["schema"])
        assert (batch.sequence, batch.step, batch.epoch, batch.bad_samples) == (number, number, 0, 0)
        assert batch.published_nanos == 1000 + number
        assert batch.keys == wanted["keys"]
        assert batch.flags.tolist() == [0, 0, 0]
        assert [bytes(value).decode() for value in batch["txt"]] == wanted["txt"]
        assert batch["cls"].tolist() == wanted["cls"]
        assert batch["emb"].shape == (3, 2, 2) and batch["emb"].ravel().tolist() == wanted["emb"]
        assert batch["emb"].ctypes.data % 64 == 0
        assert batch.cursor["step"] == number + 1 and not batch.ends
    assert batch.cursor["epoch"] == 1 and batch.cursor["index"] == 0
    end = next_batch(ring, expected["schema"])
    assert end.ends and end.rows == 0
    assert ring.take() is None


def test_the_arrow_message_is_the_same_batch(golden):
    pa = pytest.importorskip("pyarrow")
    import base64

    ring, expected = golden
    hold = ring.take()
    batch = Batch(ring.slot_memory(hold), hold, ColumnPlan.of(expected["schema"]),
                  base64.b64decode(expected["schema"]["arrow_schema"]))
    record = batch.to_arrow()
    assert isinstance(record, pa.RecordBatch)
    assert record.column("__key__").to_pylist() == [key.encode() for key in batch.keys]
    assert record.column("cls").to_pylist() == batch["cls"].tolist()


def test_types_are_little_endian(golden):
    _, expected = golden
    for plan in ColumnPlan.of(expected["schema"]).values():
        assert plan.dtype == np.dtype(plan.dtype).newbyteorder("<")
