"""Page-locks the ring for CUDA: once, the whole region, by this process (registration is per process)."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Optional

#: One call fails from 512 GiB on with current drivers; pieces of 64 GiB are safe.
_PIECE = 64 << 30
_PORTABLE = 1  # cudaHostRegisterPortable: valid in all CUDA contexts
_LIBRARIES = ("libcudart.so.13", "libcudart.so.12", "libcudart.so.11.0", "libcudart.so")


def _load() -> Optional[ctypes.CDLL]:
    """The CUDA runtime: the one that this process has loaded already (PyTorch's), else the system's."""
    for mode in (os.RTLD_NOW | os.RTLD_NOLOAD, os.RTLD_NOW):
        for name in _LIBRARIES:
            try:
                library = ctypes.CDLL(name, mode=mode)
            except OSError:
                continue
            library.cudaHostRegister.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint)
            library.cudaHostUnregister.argtypes = (ctypes.c_void_p,)
            library.cudaGetErrorString.restype = ctypes.c_char_p
            return library
    return None


class PageLock:
    """Registers one mapping at a time with CUDA where CUDA is, and says in ``description`` what it did or why not.

    A refusal is no error: batches are then copied from pageable memory.
    """

    def __init__(self, device=None, load=_load):
        self._device = None if device is None else str(device)
        self._load = load
        self._runtime = None
        self._addresses: "list[int]" = []
        self.description = "not opened yet"

    def lock(self, memory) -> None:
        """Registers the whole of ``memory`` (an mmap)."""
        self.description = self._lock(memory)

    def _lock(self, memory) -> str:
        if self._device is not None and not self._device.startswith("cuda"):
            return f"none, the device is {self._device}"
        if self._device is None and "torch" not in sys.modules:
            return "none, no device was named and PyTorch is not loaded"
        self._runtime = runtime = self._load()
        if runtime is None:
            return f"none, no CUDA runtime was found ({', '.join(_LIBRARIES)})"
        count = ctypes.c_int(0)
        if runtime.cudaGetDeviceCount(ctypes.byref(count)) != 0 or count.value == 0:
            runtime.cudaGetLastError()
            return "none, CUDA finds no device"
        size, address = len(memory), ctypes.addressof(ctypes.c_char.from_buffer(memory))
        for offset in range(0, size, _PIECE):
            error = runtime.cudaHostRegister(address + offset, min(_PIECE, size - offset), _PORTABLE)
            if error != 0:
                runtime.cudaGetLastError()  # else the next CUDA call of this process reports it
                self.unlock()
                why = runtime.cudaGetErrorString(error).decode()
                return f"none, cudaHostRegister of {size} bytes failed: {why} (error {error}); is ulimit -l large enough?"
            self._addresses.append(address + offset)
        return f"cudaHostRegister of {size} bytes"

    def unlock(self) -> None:
        """Unregisters. No copy may be under way."""
        while self._addresses:
            if self._runtime.cudaHostUnregister(self._addresses.pop()) != 0:
                self._runtime.cudaGetLastError()
