"""The few Linux calls the client needs, for Pythons (3.9) and C libraries that do not offer all of them."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import platform
import struct
import threading

F_ADD_SEALS = 1033
F_GET_SEALS = 1034
F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW = 1, 2, 4
MADV_HUGEPAGE = 14
MADV_POPULATE_WRITE = 23  # Linux 5.14
SO_PEERCRED = 17
SO_PEERPIDFD = 77  # Linux 6.5
_SYS_PIDFD_OPEN = 434  # the same number on every architecture
_EFD_CLOEXEC, _EFD_NONBLOCK = 0o2000000, 0o4000
_MFD_CLOEXEC, _MFD_ALLOW_SEALING = 1, 2
_ONE = struct.pack("=Q", 1)

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def memfd(name: str, size: int) -> int:
    """A sealable memory file of ``size`` bytes, close-on-exec. The caller owns the descriptor."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create(name, _MFD_CLOEXEC | _MFD_ALLOW_SEALING)
    else:
        fd = _check(_libc.memfd_create(name.encode(), _MFD_CLOEXEC | _MFD_ALLOW_SEALING), "memfd_create")
    try:
        os.ftruncate(fd, size)
    except BaseException:
        os.close(fd)
        raise
    return fd


def seal(fd: int) -> None:
    """Forbids shrinking, growing and further sealing, so that no mapping of the file can fault for its size."""
    fcntl.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)


def prefault(mapping: mmap.mmap) -> None:
    """Makes every page of ``mapping`` present and writable now, in this process's memory cgroup.

    Raises ``OSError`` (``ENOMEM``, ``EFAULT``) when the memory is not there.
    """
    try:
        mapping.madvise(MADV_HUGEPAGE)
    except OSError:
        pass  # huge pages are a wish
    try:
        mapping.madvise(MADV_POPULATE_WRITE)
        return
    except OSError as e:
        if e.errno != errno.EINVAL:
            raise
    for offset in range(0, len(mapping), mmap.PAGESIZE):  # kernels before 5.14
        mapping[offset] = 0


def eventfd() -> int:
    """A non-blocking, close-on-exec event counter at 0. The caller owns the descriptor."""
    return _check(_libc.eventfd(0, _EFD_CLOEXEC | _EFD_NONBLOCK), "eventfd")


def eventfd_add(fd: int) -> None:
    """Adds 1; never blocks (a counter that is full has woken its reader long ago)."""
    try:
        os.write(fd, _ONE)
    except BlockingIOError:
        pass


def eventfd_clear(fd: int) -> None:
    """Sets the counter to 0."""
    try:
        os.read(fd, 8)
    except BlockingIOError:
        pass


def pidfd_open(pid: int) -> int:
    """A descriptor that becomes readable when the process ``pid`` has ended."""
    if hasattr(os, "pidfd_open"):
        return os.pidfd_open(pid)
    fd = _check(_libc.syscall(_SYS_PIDFD_OPEN, pid, 0), "pidfd_open")
    os.set_inheritable(fd, False)
    return fd


def peer_pidfd(sock) -> int:
    """A descriptor for the process that listens at the other end of a connected Unix socket.

    Raises ``OSError`` when the peer is dead already, or lives in a process namespace that we cannot see.
    """
    import socket

    try:
        fd = sock.getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD)
        os.set_inheritable(fd, False)
        return fd
    except OSError as e:
        if e.errno not in (errno.ENOPROTOOPT, errno.EOPNOTSUPP):
            raise
    pid, _, _ = struct.unpack("iII", sock.getsockopt(socket.SOL_SOCKET, SO_PEERCRED, 12))
    if pid == 0:
        raise OSError(errno.ESRCH, "the sidecar lives in another process namespace")
    return pidfd_open(pid)


def _full_order() -> None:
    # Twice, so that an unlock (store-release) is followed by a lock (load-acquire): see docs/protocol/ring.md.
    lock = threading.Lock()
    with lock:
        pass
    with lock:
        pass


def _no_order() -> None:
    pass


#: Orders earlier loads and stores of this thread before later ones (other than store before load on x86-64,
#: which the ring does not need).
order = _no_order if platform.machine() in ("x86_64", "AMD64") else _full_order
