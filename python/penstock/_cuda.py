"""Page-locks the ring for CUDA: once, the whole region, by this process (registration is per process)."""

from __future__ import annotations

import ctypes
import sys
from typing import Optional

#: One call fails from 512 GiB on with current drivers; pieces of 64 GiB are safe.
_PIECE = 64 << 30
_PORTABLE = 1  # cudaHostRegisterPortable: valid in all CUDA contexts


class PageLock:
    """Registers one mapping at a time with CUDA where CUDA is, and says in ``description`` what it did or why not."""

    def __init__(self, device=None):
        self._device = None if device is None else str(device)
        self._runtime = None
        self._pieces: "list[int]" = []
        self.description = "not opened yet"

    def _find(self) -> Optional[str]:
        """Looks for CUDA; the reason if it is not to be used."""
        if self._device is not None and not self._device.startswith("cuda"):
            return f"none, device is {self._device}"
        torch = sys.modules.get("torch")
        if torch is None:
            if self._device is None:
                return "none, PyTorch is not loaded"
            import torch  # noqa: F811
        if not torch.cuda.is_available():
            return "none, PyTorch finds no CUDA device"
        self._runtime = torch.cuda.cudart()
        return None

    def lock(self, memory) -> None:
        """Registers a mapping. A refusal is no error: batches are then copied from pageable memory."""
        reason = self._find()
        if reason is not None:
            self.description = reason
            return
        size, pieces = len(memory), []
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        for offset in range(0, size, _PIECE):
            result = int(self._runtime.cudaHostRegister(address + offset, min(_PIECE, size - offset), _PORTABLE))
            if result != 0:
                self._pieces = pieces
                self.unlock()
                self.description = f"none, cudaHostRegister of {size} bytes failed with error {result}"
                return
            pieces.append(address + offset)
        self._pieces = pieces
        self.description = f"cudaHostRegister, {size} bytes"

    def unlock(self) -> None:
        """Unregisters; no copy may be under way."""
        while self._pieces:
            self._runtime.cudaHostUnregister(self._pieces.pop())
