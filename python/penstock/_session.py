"""One rank's session: connection and ring together, through deaths of the sidecar."""

from __future__ import annotations

import base64
import json
import os
import select
import time
import warnings
from collections import deque
from typing import Callable, Optional

from . import _linux
from ._control import Connection, error_of
from ._ring import VERSION, Ring, round_slot
from .batch import FLAG_END, Batch
from .columns import ColumnPlan
from .errors import ForkedError, ProtocolError, SidecarDied, SidecarError, SlotsHeldError

#: Seconds after which a caller who holds every slot is warned.
_HELD_WARNING = 2.0
#: So many deaths without a batch between them, over so many seconds, make another try pointless.
_FRUITLESS_MAX, _FRUITLESS_SECONDS = 4, 30.0
#: Seconds for the sidecar to stop a pipeline when it is told to.
_CLOSE_TIMEOUT = 10.0


class Session:
    """Yields batches in order, exactly once, whoever dies on the other side. For one thread at a time.

    ``connect`` returns a fresh :class:`Connection`. It is called again after the sidecar died, and raises
    :class:`SidecarDied` when it gives up; ``explain`` then says what is known of the last one's end. ``config`` holds the
    fields of OPEN.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        config: dict,
        *,
        slots: Optional[int] = None,
        held_timeout: float = 60.0,
        page_lock=None,
        explain: Callable[[], str] = lambda: "",
    ):
        self._connect = connect
        self._config = config = dict(config)
        self._slots = slots
        self._held_timeout = held_timeout
        self._page_lock = page_lock
        self._explain = explain
        self._fruitless, self._since = 0, time.monotonic()  # deaths since the last batch, and when they began
        self._pid = os.getpid()
        self._connection: Optional[Connection] = None
        self._ring: Optional[Ring] = None
        self._ours = True  # whether it is certain that nobody else writes into the ring
        self._min_slot_bytes = 0
        self._failure: Optional[SidecarError] = None
        self._alert = False  # whether something beside the ring may want attention
        #: The cursor after the last batch that was handed out, as JSON; where to open next. None: from the start.
        self.cursor: Optional[bytes] = config.pop("cursor", None)
        self.plan: dict = {}
        self.ended = False
        #: (event, hold, memory) of copies to a device that may still read their slot, oldest first.
        self.copies: deque = deque()
        self.batches = self.bytes = self.wait_nanos = self.waits = self.reconnects = 0
        self.hand_off_nanos: deque = deque(maxlen=4096)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    # ---- opening ----

    def _open(self) -> None:
        """Opens at the cursor, again and again while sidecars die under us and ``connect`` finds another."""
        while True:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                self._open_on(self._connection)
                return
            except SidecarDied as e:
                if self._connection is None:
                    raise  # connect gave up
                self._drop_connection()
                self._count_death(e)

    def _count_death(self, cause: Optional[Exception]) -> None:
        if self._fruitless == 0:
            self._since = time.monotonic()
        self._fruitless += 1
        if self._fruitless > _FRUITLESS_MAX and time.monotonic() - self._since > _FRUITLESS_SECONDS:
            raise SidecarDied(
                f"the sidecar ended {self._fruitless} times without delivering a batch, so starting over does not help. "
                + self._explain()
            ) from cause

    def _open_on(self, connection: Connection) -> None:
        cursor = None if self.cursor is None else json.loads(self.cursor)
        request = {**self._config, "type": "OPEN", "cursor": cursor}
        connection.send({**request, "slots": self._slots, "min_slot_bytes": self._min_slot_bytes})
        plan = connection.receive("PLAN", None)
        self._columns = ColumnPlan.of(plan["schema"])
        self._arrow_schema = base64.b64decode(plan["schema"].get("arrow_schema") or "")
        if self.cursor is None or self._config.pop("skip", 0):
            self.cursor = json.dumps(plan["cursor"]).encode()  # from here on, whatever happens: steps are skipped once
        ring = self._fit_ring(max(plan["slot_bytes"], self._min_slot_bytes), self._slots or plan["slot_count"])
        ring.attach(plan["daemon_epoch"])
        self._ours = False
        self._waited_before = self.wait_nanos
        geometry = {"slot_count": ring.slot_count, "slot_bytes": ring.slot_bytes, "region_bytes": ring.size}
        connection.send({"type": "RING", "layout_version": VERSION, **geometry}, ring.fds)
        connection.receive("STARTED", None)
        self.plan = plan
        self._sequence = 0
        self._alert = True  # more than STARTED may have arrived
        self._poll = select.poll()
        for fd in (ring.ready_fd, connection.sock.fileno(), connection.pidfd):
            if fd >= 0:
                self._poll.register(fd, select.POLLIN)

    def _fit_ring(self, slot_bytes: int, slot_count: int) -> Ring:
        """The ring as it is if it is large enough and certainly ours alone, else a new one."""
        ring = self._ring
        if ring is None or not self._ours or ring.slot_bytes < slot_bytes or ring.slot_count != slot_count:
            self._let_ring_go()
            ring = self._ring = Ring(slot_count, round_slot(slot_bytes))
            self._ours = True
            if self._page_lock is not None:
                self._page_lock.lock(ring.memory)
        return ring

    def _let_ring_go(self) -> None:
        if self._ring is not None and self._page_lock is not None:
            self.finish_copies()
            self._page_lock.unlock()
        self._ring = None

    # ---- batches ----

    def next(self) -> Optional[Batch]:
        """The next batch, or None after the last. Waits as long as the data needs."""
        self.check_process()
        self._free_finished_copies()
        waited = 0
        while not self.ended:
            hold = self._ring.take()
            if hold is not None:
                return self._accept(hold, waited)
            if self._alert:
                self._alert = self._heard()
                continue
            began = time.monotonic_ns()
            self._wait()
            waited += time.monotonic_ns() - began
        return None

    def ready(self) -> bool:
        """Whether :meth:`next` would return at once."""
        return self.ended or self._ring.ready() > 0

    def check_process(self) -> None:
        if os.getpid() != self._pid:
            raise ForkedError(
                "this loader was made in another process: a forked child shares its slots and must not take any. "
                "Make the loader in the child, or start the child with the spawn method."
            )

    def _accept(self, hold, waited: int) -> Optional[Batch]:
        arrived = time.monotonic_ns()
        batch = Batch(self._ring.slot_memory(hold), hold, self._columns, self._arrow_schema, self.copies)
        if waited:
            self.wait_nanos += waited
            self._ring.waited(self.wait_nanos - self._waited_before)
        if batch.sequence != self._sequence:
            # An exception in this thread (Ctrl-C, a signal handler) cut an earlier call after it had taken a batch, which
            # nobody has got and nobody will free. Start over behind the last one that was handed out.
            batch.release()
            self._drop_connection()
            self._ours = False
            self._open()
            return self.next()
        self._sequence += 1
        if batch.ends:
            batch.release()
            self.ended = True
            return None
        if waited:
            self.waits += 1
            self.hand_off_nanos.append(arrived - batch.published_nanos)
        self._fruitless = 0
        self.cursor = batch.cursor_json
        self.batches += 1
        self.bytes += batch.nbytes
        return batch

    def _heard(self) -> bool:
        """Acts on one thing that happened beside the ring; whether there was one.

        Called when no batch is ready, and it makes the caller look at the ring again before it acts on an ending: what
        was published before the ending comes first.
        """
        connection = self._connection
        message = connection.next_message()
        if message is not None:
            self._remember(message)
        elif self._failure is not None:
            failure = self._failure
            self.close()
            raise failure
        elif self._min_slot_bytes > self._ring.slot_bytes:
            self._open()
        elif connection.dead or connection.lost:
            # Only the pidfd proves that nobody writes any more; else _fit_ring makes a fresh region.
            self._ours = self._ours or connection.dead
            self._drop_connection()
            self.reconnects += 1
            self._count_death(None)
            self._open()
        else:
            return False
        return True

    def _remember(self, message: dict) -> None:
        if message["type"] == "RESIZE":
            self._min_slot_bytes = int(message["slot_bytes"])
        elif message["type"] == "ERROR":
            self._failure = error_of(message)
        else:
            raise ProtocolError(f"the sidecar said {message['type']} in the middle of a session")
        self._ours = True

    # ---- waiting ----

    def _wait(self) -> None:
        """Blocks until something happens. Warns, and at last raises, when the caller holds every slot."""
        ring = self._ring
        ring.ring_again()
        if ring.held() < ring.slot_count:
            self._poll_for(None)
        elif self.copies:
            self._finish_copy()
        else:
            self._wait_for_release(ring)

    def _wait_for_release(self, ring: Ring) -> None:
        began, warned = time.monotonic(), False
        while ring.held() == ring.slot_count:
            waited = time.monotonic() - began
            text = (
                f"all {ring.slot_count} slots of the ring are held by batches, or by views of batches, that this process "
                "keeps; no batch can arrive until one goes back. release() batches, copy what you keep, or ask for more "
                "slots (slots=)."
            )
            if waited >= self._held_timeout:
                raise SlotsHeldError(f"{text} Waited {waited:.0f} s (held_timeout=).")
            if waited >= _HELD_WARNING and not warned:
                warnings.warn(text, RuntimeWarning, stacklevel=6)
                warned = True
            # A release by another thread brings a batch, and that wakes this.
            if self._poll_for(min(_HELD_WARNING, self._held_timeout) / 2):
                return

    def _poll_for(self, timeout: Optional[float]) -> bool:
        events = self._poll.poll(None if timeout is None else timeout * 1000)
        for fd, _ in events:
            if fd == self._ring.ready_fd:
                _linux.eventfd_clear(fd)
            else:
                self._alert = True
                self._connection.dead |= fd == self._connection.pidfd
        return bool(events)

    # ---- copies to a device ----

    def _free_finished_copies(self) -> None:
        copies = self.copies
        while copies and copies[0][0].query():
            copies.popleft()[1].release()

    def finish_copies(self) -> None:
        """Waits for every copy to a device and frees its slot."""
        while self.copies:
            self._finish_copy()

    def _finish_copy(self) -> None:
        event, hold, _ = self.copies.popleft()
        event.synchronize()
        hold.release()

    # ---- closing ----

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Ends the session. Idempotent. Views that are alive stay readable."""
        if os.getpid() != self._pid:
            return
        self.ended = True
        connection = self._connection
        # Before RING there is nothing to take back, and the sidecar may be busy with an index for minutes.
        if connection is not None and not connection.lost and not self._ours:
            try:
                connection.send({"type": "CLOSE"})
                connection.receive("CLOSED", _CLOSE_TIMEOUT, skip=("RESIZE", "ERROR"))
            except (SidecarDied, ProtocolError, OSError):
                pass  # it is gone, or will see our end of the socket go
        self._drop_connection()
        self._let_ring_go()
