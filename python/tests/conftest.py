"""Fixtures shared by the tests."""

import gc
import os
import stat
import sys

import pytest

from . import real
from .fake_daemon import FakeDaemon

HERE = os.path.dirname(__file__)


@pytest.fixture
def fake(tmp_path):
    """A fake sidecar in a thread; ``fake.behaviour`` may be changed before a loader opens."""
    daemon = FakeDaemon(str(tmp_path))
    daemon.run_dir = str(tmp_path)
    yield daemon
    daemon.close()


@pytest.fixture(scope="module")
def served():
    """A real sidecar that the tests of a module share."""
    real.require_sidecar()
    served = real.Served("--memory", "256MiB")
    yield served
    served.close()
    assert not os.path.exists(served.run_dir), "a sidecar that ends with its parent removes its run directory"


@pytest.fixture
def fake_home(tmp_path, monkeypatch):
    """PENSTOCK_HOME whose ``penstock`` command is the fake sidecar, and a temporary directory of its own."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    command = home / "penstock"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} {HERE}/fake_daemon.py "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PENSTOCK_HOME", str(home))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    return temporary


def open_fds():
    """Descriptors of this process by what they point to."""
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            found[fd] = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            pass
    return found


def ring_mappings():
    with open("/proc/self/maps") as maps:
        return sum("memfd:penstock-ring" in line for line in maps)


@pytest.fixture
def no_leaks():
    """Fails when descriptors or ring mappings of the test stay behind."""
    gc.collect()
    fds, rings = len(open_fds()), ring_mappings()
    yield
    gc.collect()
    assert ring_mappings() == rings
    assert len(open_fds()) <= fds, open_fds()
