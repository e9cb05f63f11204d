"""The ring's memory: made, pre-faulted, sealed and owned here, filled by the sidecar.

``docs/protocol/ring.md`` holds the layout and the reasons; the numbers below are checked against golden files that
the Java side writes.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
import weakref

from . import _linux
from .errors import PenstockError, ProtocolError

MAGIC = int.from_bytes(b"PENSTOCK", "little")
VERSION = 1
SLOT_COUNT_MIN, SLOT_COUNT_MAX = 2, 1024
PAGE = 4096
HUGE_PAGE = 2 << 20
STATES_AT = 320
STATE_STRIDE = 64
# Indexes into the header seen as 64-bit words ...
EPOCH_WORD, TAIL_WORD, HEAD_WORD, WAITED_WORD = 64 // 8, 128 // 8, 192 // 8, 256 // 8
# ... and as 32-bit words.
STATES_WORD, STATE_WORDS = STATES_AT // 4, STATE_STRIDE // 4
FREE, READY, HELD = 0, 1, 2


def queue_capacity(slot_count: int) -> int:
    return 1 << (slot_count - 1).bit_length()


def slots_offset(slot_count: int, slot_bytes: int) -> int:
    end = STATES_AT + STATE_STRIDE * slot_count + 4 * queue_capacity(slot_count)
    alignment = HUGE_PAGE if slot_bytes % HUGE_PAGE == 0 else PAGE
    return -(-end // alignment) * alignment


def region_bytes(slot_count: int, slot_bytes: int) -> int:
    return slots_offset(slot_count, slot_bytes) + slot_count * slot_bytes


def round_slot(wanted: int) -> int:
    """``wanted`` bytes rounded up to what a ring's slot may have; large slots to huge pages."""
    unit = HUGE_PAGE if wanted >= 8 * HUGE_PAGE else PAGE
    return max(PAGE, -(-wanted // unit) * unit)


def _release_hold(memory) -> None:
    if memory.hold is not None:
        memory.hold.release()


@functools.lru_cache(maxsize=16)
def _slot_type(slot_bytes: int) -> type:
    """A buffer of that size whose finalizer releases its hold."""
    return type("SlotMemory", (ctypes.c_uint8 * slot_bytes,), {"hold": None, "__del__": _release_hold})


def _close_all(fds: "list[int]") -> None:
    while fds:
        os.close(fds.pop())


class Hold:
    """The right to read one slot. Given back exactly once, by whoever comes first; thread-safe."""

    __slots__ = ("index", "_ring", "_tokens")

    def __init__(self, ring: "Ring", index: int):
        self.index = index
        self._ring = ring
        self._tokens = [None]

    @property
    def released(self) -> bool:
        return not self._tokens

    def release(self) -> None:
        """Frees the slot; later calls do nothing. Safe in finalizers: takes no lock."""
        try:
            self._tokens.pop()  # atomic: one caller gets the token
        except IndexError:
            return
        self._ring._free(self.index)


class Ring:
    """A region of ``slot_count`` slots of ``slot_bytes`` each, with its two eventfds.

    ``take`` is for one thread at a time; releases may come from any thread. Mapping and descriptors live until the
    last reference is gone: the session's, a hold's, or a view's. There is nothing to close.
    """

    def __init__(self, slot_count: int, slot_bytes: int):
        if not SLOT_COUNT_MIN <= slot_count <= SLOT_COUNT_MAX:
            raise ValueError(f"slots is {slot_count}, allowed are {SLOT_COUNT_MIN} to {SLOT_COUNT_MAX}")
        self.slot_count = slot_count
        self.slot_bytes = round_slot(slot_bytes)
        self.first = slots_offset(slot_count, self.slot_bytes)
        self.size = region_bytes(slot_count, self.slot_bytes)
        self._pid = os.getpid()
        self._unrung = set()  # slots on their way from FREE to the sidecar's knowing it
        self._fds = []
        # Not in a close(): a release in another thread must never write to a descriptor number that was reused. Holds keep
        # the ring alive, so when this runs nobody can release any more.
        weakref.finalize(self, _close_all, self._fds).atexit = False
        self._fds.append(_linux.eventfd())
        self._fds.append(_linux.eventfd())
        self.ready_fd, self.free_fd = self._fds
        self._fds.append(_linux.memfd("penstock-ring", self.size))
        self._map(self._fds[2])

    @property
    def fds(self) -> "list[int]":
        """What RING carries: memfd, ready eventfd, free eventfd."""
        return [self._fds[2], self.ready_fd, self.free_fd]

    def _map(self, fd: int) -> None:
        memory = mmap.mmap(fd, self.size)
        try:
            _linux.prefault(memory)
        except OSError as e:
            raise PenstockError(
                f"no memory for a ring of {self.slot_count} slots of {self.slot_bytes} bytes ({self.size} together): {e}. "
                "Ask for fewer slots (slots=), a smaller batch_size, or raise the memory limit of this process."
            ) from e
        self.memory = memory
        self._mask = queue_capacity(self.slot_count) - 1
        header = memoryview(memory)[: self.first]
        self._q, self._i = header.cast("Q"), header.cast("I")
        self._queue_word = (STATES_AT + STATE_STRIDE * self.slot_count) // 4
        self._slot_type = _slot_type(self.slot_bytes)
        self._write_header()
        _linux.seal(fd)

    def _write_header(self) -> None:
        q, i = self._q, self._i
        i[2], i[3] = VERSION, self.slot_count
        q[2], q[3], q[4] = self.slot_bytes, self.first, self.size
        i[10], i[11], i[12] = STATES_AT, 4 * self._queue_word, self._mask + 1
        q[0] = MAGIC

    def attach(self, daemon_epoch: int) -> None:
        """Makes the ring ready for the session with this epoch: READY slots become free, HELD ones stay.

        Only when nobody else writes: the last daemon is dead or has said CLOSED.
        """
        for slot in range(self.slot_count):
            if self.state(slot) == READY:
                self._i[STATES_WORD + STATE_WORDS * slot] = FREE
        self._q[TAIL_WORD] = self._q[HEAD_WORD] = self._q[WAITED_WORD] = 0
        self._q[EPOCH_WORD] = daemon_epoch
        _linux.eventfd_clear(self.ready_fd)
        _linux.eventfd_clear(self.free_fd)

    def state(self, slot: int) -> int:
        return self._i[STATES_WORD + STATE_WORDS * slot]

    def held(self) -> int:
        """How many slots the client holds."""
        return sum(self.state(slot) == HELD for slot in range(self.slot_count))

    def ready(self) -> int:
        """How many batches wait to be taken."""
        return self._q[TAIL_WORD] - self._q[HEAD_WORD]

    def waited(self, nanos: int) -> None:
        """Tells the sidecar's statistics how long the trainer has waited since attach, all in all."""
        self._q[WAITED_WORD] = nanos

    def take(self) -> "Hold | None":
        """The next batch's slot, or None if none is ready. Never blocks."""
        q = self._q
        head = q[HEAD_WORD]
        if q[TAIL_WORD] == head:
            return None
        _linux.order()  # tail before entry and slot
        i = self._i
        slot = i[self._queue_word + (head & self._mask)]
        if slot >= self.slot_count or self.state(slot) != READY:
            raise ProtocolError(f"ring: entry {head} names slot {slot}, which is not ready; the sidecar broke the protocol")
        i[STATES_WORD + STATE_WORDS * slot] = HELD
        q[HEAD_WORD] = head + 1
        return Hold(self, slot)

    def slot_memory(self, hold: Hold):
        """The slot's bytes as an object with the buffer interface.

        Views made of it (memoryview, numpy, torch) keep it alive, and the hold is released when the last one goes.
        """
        memory = self._slot_type.from_buffer(self.memory, self.first + hold.index * self.slot_bytes)
        memory.hold = hold
        return memory

    def _free(self, slot: int) -> None:
        if os.getpid() != self._pid:
            return  # a forked child's copy of a batch: the slot is the parent's
        _linux.order()  # the last read of the slot before FREE
        self._unrung.add(slot)
        self._i[STATES_WORD + STATE_WORDS * slot] = FREE
        self._ring_free()
        self._unrung.discard(slot)

    def ring_again(self) -> None:
        """Tells the sidecar of releases that an exception (Ctrl-C) cut before they could."""
        if self._unrung:
            self._unrung.clear()
            self._ring_free()

    def _ring_free(self) -> None:
        # The collector may have closed the descriptors of a ring that died in one cycle with its last batch.
        if self._fds:
            _linux.eventfd_add(self.free_fd)
