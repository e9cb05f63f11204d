"""What can go wrong, as exceptions. All derive from :class:`PenstockError`."""

from __future__ import annotations


class PenstockError(Exception):
    """Base of every error that this package raises on purpose."""


class ProtocolError(PenstockError):
    """The other side speaks another version, or says something that the protocol does not allow."""


class SidecarError(PenstockError):
    """The sidecar refused or failed; ``kind`` is one of the kinds listed in ``docs/protocol/control.md``."""

    def __init__(self, kind: str, message: str):
        super().__init__(f"{message} [{kind}]")
        self.kind = kind


class SidecarDied(PenstockError):
    """The sidecar is gone and none came back within the time limit."""


class DataError(SidecarError):
    """A sample was bad and ``on_bad="fail"`` was asked for."""


class SlotsHeldError(PenstockError):
    """Every slot is held by batches or views that the caller keeps, so no further batch can arrive."""


class ForkedError(PenstockError):
    """A loader made before ``fork`` was used in the child."""


class ReleasedError(PenstockError):
    """A batch was used after its slot went back to the sidecar."""
