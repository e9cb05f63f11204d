"""The control socket: length-prefixed JSON with descriptors (``docs/protocol/control.md``)."""

from __future__ import annotations

import errno
import json
import os
import select
import socket
import struct
import time
from typing import Optional

from . import _linux
from .errors import DataError, PenstockError, ProtocolError, SidecarDied, SidecarError

PROTOCOL = 1
SOCKET_NAME = "penstock.sock"
FRAME_MAX = 1 << 20
#: Seconds after which a sidecar that does not read is given up.
_SEND_TIMEOUT = 30.0


class Connection:
    """A connection to a live sidecar that has said WELCOME. Used by one thread at a time.

    ``dead`` turns true when the sidecar's process has ended, ``lost`` when the connection has, for whatever reason.
    """

    def __init__(self, run_dir: str, client: str, timeout: float):
        self.path = os.path.join(run_dir, SOCKET_NAME)
        self._buffer = bytearray()
        self.dead = self.lost = False
        self.pidfd = -1
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.settimeout(timeout)
            self._connect()
            self.sock.setblocking(False)
            self.pidfd = self._open_pidfd()
            self.send({"type": "HELLO", "protocols": [PROTOCOL], "client": client, "pid": os.getpid()})
            self.welcome = self.receive("WELCOME", timeout)
        except BaseException:
            self.close()
            raise
        if self.welcome.get("protocol") != PROTOCOL:
            self.close()
            raise ProtocolError(
                f"the sidecar at {self.path} speaks protocol {self.welcome.get('protocol')}, this client {PROTOCOL}; "
                "use the same release on both sides"
            )

    def _connect(self) -> None:
        # A path of more than 107 bytes does not fit into the address; one through /proc does.
        if len(os.fsencode(self.path)) < 108:
            self.sock.connect(self.path)
            return
        directory = os.open(os.path.dirname(self.path), os.O_PATH | os.O_CLOEXEC)
        try:
            self.sock.connect(f"/proc/self/fd/{directory}/{SOCKET_NAME}")
        finally:
            os.close(directory)

    def _open_pidfd(self) -> int:
        try:
            return _linux.peer_pidfd(self.sock)
        except OSError as e:
            if e.errno == errno.ESRCH:
                return -1  # dead already, or in another namespace: end-of-file has to do
            raise

    def send(self, message: dict, fds: "list[int]" = ()) -> None:
        body = json.dumps(message, separators=(",", ":")).encode()
        if len(body) > FRAME_MAX:
            raise PenstockError(f"{message['type']} is {len(body)} bytes long, at most {FRAME_MAX} are allowed; use @list.txt")
        frame = struct.pack("<I", len(body)) + body
        fds, deadline = list(fds), time.monotonic() + _SEND_TIMEOUT
        try:
            while frame:
                try:
                    sent = socket.send_fds(self.sock, [frame], fds) if fds else self.sock.send(frame)
                except BlockingIOError:
                    poller = select.poll()
                    poller.register(self.sock, select.POLLOUT)
                    if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
                        raise SidecarDied(f"the sidecar at {self.path} takes no messages") from None
                    continue
                frame, fds = frame[sent:], []
        except ConnectionError as e:
            # What the sidecar said before it hung up is better than "broken pipe".
            self._drain()
            self.lost = True
            if not self._buffer:
                raise SidecarDied(f"the sidecar at {self.path} is gone: {e}") from e

    def _drain(self) -> None:
        """Takes in whatever has arrived, without waiting."""
        while not self.lost:
            try:
                data = self.sock.recv(1 << 16)
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionError:
                data = b""
            if not data:
                self.lost = True
            self._buffer += data

    def next_message(self) -> Optional[dict]:
        """A message that has arrived already, or None."""
        self._drain()
        if len(self._buffer) < 4:
            return None
        (length,) = struct.unpack_from("<I", self._buffer)
        if length > FRAME_MAX:
            raise ProtocolError(f"the sidecar announced a message of {length} bytes, at most {FRAME_MAX} are allowed")
        if len(self._buffer) < 4 + length:
            return None
        body = bytes(self._buffer[4 : 4 + length])
        del self._buffer[: 4 + length]
        try:
            message = json.loads(body)
            message["type"]
        except (ValueError, KeyError, TypeError) as e:
            raise ProtocolError(f"the sidecar sent no message: {body[:200]!r}") from e
        return message

    def wait(self, timeout: Optional[float]) -> None:
        """Waits until the socket has something to say, the sidecar dies, or ``timeout`` seconds have passed."""
        poller = select.poll()
        poller.register(self.sock, select.POLLIN)
        if self.pidfd >= 0:
            poller.register(self.pidfd, select.POLLIN)
        for fd, _ in poller.poll(None if timeout is None else max(0, timeout * 1000)):
            if fd == self.pidfd:
                self.dead = True

    def receive(self, wanted: str, timeout: Optional[float], skip: "tuple[str, ...]" = ()) -> dict:
        """The next message but those in ``skip``; it has to be of type ``wanted``. An ERROR is raised."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            message = self.next_message()
            if message is not None and message["type"] in skip:
                continue
            if message is not None:
                if message["type"] == "ERROR":
                    raise error_of(message)
                if message["type"] != wanted:
                    raise ProtocolError(f"the sidecar said {message['type']} where {wanted} was expected")
                return message
            if self.dead or self.lost:
                raise SidecarDied(f"the sidecar at {self.path} ended before it said {wanted}")
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise SidecarDied(f"the sidecar at {self.path} did not say {wanted} within {timeout:g} s")
            self.wait(left)

    def close(self) -> None:
        self.lost = True
        self.sock.close()
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


def error_of(message: dict) -> SidecarError:
    """The exception for an ERROR message."""
    kind = str(message.get("kind"))
    return (DataError if kind == "data" else SidecarError)(kind, str(message.get("message")))
