"""Penstock's client for trainers: batches from the sidecar as zero-copy views.

Needs numpy and Linux. ``penstock.torch`` adds PyTorch tensors, devices and decoding on threads.
"""

from .batch import PADDING, REPLACEMENT, Batch
from .columns import BytesColumn, RaggedColumn
from .errors import (
    DataError,
    ForkedError,
    PenstockError,
    ProtocolError,
    ReleasedError,
    SidecarDied,
    SidecarError,
    SlotsHeldError,
)
from .loader import Loader

__version__ = "0.1.0"
__all__ = [
    "Batch",
    "BytesColumn",
    "DataError",
    "ForkedError",
    "Loader",
    "PADDING",
    "PenstockError",
    "ProtocolError",
    "REPLACEMENT",
    "RaggedColumn",
    "ReleasedError",
    "SidecarDied",
    "SidecarError",
    "SlotsHeldError",
]
