"""The ring and the slots, without any sidecar."""

import gc
import json
import os
import struct

import numpy as np
import pytest

from penstock import _linux, _ring
from penstock.batch import Batch
from penstock.columns import ColumnPlan
from penstock.errors import ReleasedError

from . import slots

COLUMNS = ColumnPlan.of(slots.SCHEMA)


class Daemon:
    """Publishes by hand."""

    def __init__(self, ring):
        self.ring, self.i, self.q = ring, ring._i, ring._q

    def publish(self, slot, data):
        at = self.ring.first + slot * self.ring.slot_bytes
        self.ring.memory[at : at + len(data)] = data
        self.i[80 + 16 * slot] = 1
        tail = self.q[16]
        self.i[self.ring._queue_word + tail % _ring.queue_capacity(self.ring.slot_count)] = slot
        self.q[16] = tail + 1
        _linux.eventfd_add(self.ring.ready_fd)


def three_rows(sequence=0):
    data = slots.buffers_of(
        keys=[b"a", "bé".encode(), b"\xff"],
        flags=[0, 1, 2],
        txt=[b"hello", b"", b"world!"],
        cls=[1, -2, 3],
        emb=np.arange(12).reshape(3, 2, 2),
        ids=[[7], [], [8, 9]],
    )
    return slots.build(sequence, 3, data, {"epoch": 0, "index": 3, "step": 1}, step=0, bad=1, nanos=42)


def take(ring):
    hold = ring.take()
    return Batch(ring.slot_memory(hold), hold, COLUMNS)


@pytest.fixture
def ring():
    ring = _ring.Ring(3, 8192)
    ring.attach(77)
    return ring


def test_layout_is_the_documented_one(ring):
    head = bytes(ring.memory[:320])
    assert head[:8] == b"PENSTOCK"
    assert struct.unpack_from("<IIQQQIII", head, 8) == (1, 3, 8192, 4096, 4096 + 3 * 8192, 320, 512, 4)
    assert struct.unpack_from("<Q", head, 64) == (77,)


def test_region_is_sealed_and_present(ring):
    import fcntl

    assert fcntl.fcntl(ring.fds[0], _linux.F_GET_SEALS) == 7
    with pytest.raises(OSError):
        os.ftruncate(ring.fds[0], 0)
    assert os.fstat(ring.fds[0]).st_blocks * 512 >= ring.size


def test_slots_of_huge_pages_are_aligned_to_them():
    assert _ring.round_slot(1) == 4096
    assert _ring.round_slot(4097) == 8192
    assert _ring.round_slot(17 << 20) == 18 << 20
    assert _ring.slots_offset(4, 18 << 20) == 2 << 20


def test_columns_are_views_of_the_slot(ring):
    Daemon(ring).publish(1, three_rows())
    batch = take(ring)
    assert (batch.rows, batch.step, batch.epoch, batch.bad_samples, batch.published_nanos) == (3, 0, 0, 1, 42)
    assert batch.keys == ["a", "bé", "\udcff"]
    assert batch.flags.tolist() == [0, 1, 2]
    assert [bytes(value) for value in batch["txt"]] == [b"hello", b"", b"world!"]
    assert bytes(batch["txt"][-1]) == b"world!" and batch["txt"].array(0).tobytes() == b"hello"
    assert batch["txt"].tobytes() == [b"hello", b"", b"world!"]
    assert batch["cls"].tolist() == [1, -2, 3] and batch["cls"].dtype == np.int64
    assert batch["emb"].shape == (3, 2, 2) and batch["emb"].dtype == np.float32
    assert batch["emb"].ravel().tolist() == list(range(12))
    assert [row.tolist() for row in batch["ids"]] == [[7], [], [8, 9]]
    assert batch.cursor == {"epoch": 0, "index": 3, "step": 1}
    assert batch.fields == ["txt", "cls", "emb", "ids"] and len(batch) == 3 and "txt" in batch
    address = np.frombuffer(ring.memory, np.uint8).ctypes.data
    for view in (batch["txt"].data, batch["emb"], batch["ids"].values, batch.flags):
        assert address <= view.ctypes.data < address + ring.size
    with pytest.raises(KeyError, match="there are __key__, __flags__, txt"):
        batch["jpg"]
    with pytest.raises(IndexError):
        batch["txt"][3]


def test_release_returns_the_slot_once(ring):
    daemon = Daemon(ring)
    daemon.publish(0, three_rows())
    batch = take(ring)
    assert ring.state(0) == _ring.HELD and ring.held() == 1
    view = batch["txt"]
    batch.release()
    assert ring.state(0) == _ring.FREE and batch.released
    assert struct.unpack("=Q", os.read(ring.free_fd, 8)) == (1,)
    daemon.publish(0, three_rows(1))
    batch.release()
    del view
    assert ring.state(0) == _ring.READY, "neither a second release nor a late finalizer touches the next batch"
    with pytest.raises(ReleasedError):
        batch["txt"]


@pytest.mark.parametrize("derive", [
    lambda batch: batch["txt"],
    lambda batch: batch["txt"][0],
    lambda batch: batch["txt"].array(2)[1:3],
    lambda batch: batch["emb"][1].T[::-1],
    lambda batch: batch["ids"][2].reshape(2, 1),
    lambda batch: memoryview(batch["cls"])[1:],
    lambda batch: batch.flags.view(np.int8),
])
def test_a_dropped_batch_lives_as_long_as_its_views(ring, derive):
    Daemon(ring).publish(2, three_rows())
    batch = take(ring)
    view = derive(batch)
    del batch
    gc.collect()
    assert ring.state(2) == _ring.HELD
    del view
    gc.collect()
    assert ring.state(2) == _ring.FREE


def test_torch_tensors_keep_the_slot(ring):
    torch = pytest.importorskip("torch")
    Daemon(ring).publish(2, three_rows())
    batch = take(ring)
    tensor = torch.from_numpy(batch["emb"])[1:]
    del batch
    gc.collect()
    assert ring.state(2) == _ring.HELD
    assert tensor[0].tolist() == [[4, 5], [6, 7]]
    del tensor
    assert ring.state(2) == _ring.FREE


def test_batches_come_in_the_order_of_publication(ring):
    daemon = Daemon(ring)
    for round_ in range(10):
        for i, slot in enumerate((2, 0, 1)):
            daemon.publish(slot, three_rows(3 * round_ + i))
        taken = [take(ring) for _ in range(3)]
        assert [b.sequence for b in taken] == [3 * round_, 3 * round_ + 1, 3 * round_ + 2]
        assert ring.take() is None
        del taken


def test_views_outlive_the_ring_and_nothing_else_does(no_leaks):
    ring = _ring.Ring(2, 4096)
    Daemon(ring).publish(0, three_rows())
    view = take(ring)["cls"]
    del ring
    gc.collect()
    assert view.tolist() == [1, -2, 3]


def test_attach_keeps_held_slots_and_drops_ready_ones(ring):
    daemon = Daemon(ring)
    daemon.publish(0, three_rows())
    daemon.publish(1, three_rows(1))
    batch = take(ring)
    ring.attach(78)
    assert [ring.state(slot) for slot in range(3)] == [_ring.HELD, _ring.FREE, _ring.FREE]
    assert ring.take() is None
    assert bytes(batch["txt"][0]) == b"hello"


def test_a_forked_child_frees_nothing(ring):
    Daemon(ring).publish(0, three_rows())
    batch = take(ring)
    pid = os.fork()
    if pid == 0:
        batch.release()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert ring.state(0) == _ring.HELD
    batch.release()


def test_full_order_runs():
    _linux._full_order()


def test_no_memory_is_said_with_what_to_try(monkeypatch):
    def refuse(mapping):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(_linux, "prefault", refuse)
    with pytest.raises(Exception, match="2 slots of 4096 bytes.*fewer slots"):
        _ring.Ring(2, 4096)


def test_pidfd_and_eventfd_without_the_newer_os_functions(monkeypatch):
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    monkeypatch.delattr(os, "memfd_create", raising=False)
    for fd in (_linux.pidfd_open(os.getpid()), _linux.memfd("x", 4096), _linux.eventfd()):
        assert not os.get_inheritable(fd)
        os.close(fd)


def test_an_empty_batch_has_empty_columns(ring):
    data = slots.buffers_of([], [], [], [], np.empty((0, 2, 2)), [])
    Daemon(ring).publish(0, slots.build(0, 0, data, {"epoch": 0}))
    batch = take(ring)
    assert batch.keys == [] and len(batch["txt"]) == 0 and batch["emb"].shape == (0, 2, 2)
    assert len(batch["ids"]) == 0 and batch["cls"].shape == (0,)
    assert json.dumps(batch.cursor)


def test_a_release_that_was_cut_is_rung_again(ring, monkeypatch):
    Daemon(ring).publish(0, three_rows())
    batch = take(ring)

    def interrupted(fd):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_linux, "eventfd_add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            batch.release()
    assert ring.state(0) == _ring.FREE
    ring.ring_again()
    assert struct.unpack("=Q", os.read(ring.free_fd, 8)) == (1,)
    ring.ring_again()
    with pytest.raises(BlockingIOError):
        os.read(ring.free_fd, 8)


def test_a_ring_that_dies_in_a_cycle_with_its_batch_writes_nowhere(no_leaks):
    ring = _ring.Ring(2, 4096)
    Daemon(ring).publish(0, three_rows())
    batch = take(ring)
    batch.itself, batch.ring = batch, ring  # a cycle, as a traceback makes one
    free_fd, other = ring.free_fd, os.eventfd(0, os.EFD_NONBLOCK) if hasattr(os, "eventfd") else _linux.eventfd()
    del batch, ring
    gc.collect()
    os.dup2(other, free_fd)  # had it been closed late, a release would now write here
    gc.collect()
    with pytest.raises(BlockingIOError):
        os.read(other, 8)
    os.close(other)
    os.close(free_fd)
