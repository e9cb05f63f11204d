"""Page locking against a made-up CUDA runtime."""

import mmap

import pytest

import penstock
from penstock import _cuda
from penstock._cuda import PageLock


class Runtime:
    def __init__(self, devices=1, fail_at=None):
        self.devices, self.fail_at, self.registered, self.sticky, self.calls = devices, fail_at, {}, 0, 0

    def cudaGetDeviceCount(self, count):
        count._obj.value = self.devices
        return 0 if self.devices else self.stick(100)

    def cudaHostRegister(self, address, size, flags):
        assert flags == 1 and address not in self.registered
        self.calls += 1
        if self.calls == self.fail_at:
            return self.stick(2)
        self.registered[address] = size
        return 0

    def cudaHostUnregister(self, address):
        del self.registered[address]
        return 0

    def cudaGetLastError(self):
        error, self.sticky = self.sticky, 0
        return error

    def cudaGetErrorString(self, error):
        return b"out of memory"

    def stick(self, error):
        self.sticky = error
        return error


@pytest.fixture
def memory(monkeypatch):
    monkeypatch.setattr(_cuda, "_PIECE", 4 << 12)
    return mmap.mmap(-1, 10 << 12)


def test_the_whole_region_is_registered_in_pieces_and_let_go(memory):
    runtime = Runtime()
    lock = PageLock("cuda:0", lambda: runtime)
    lock.lock(memory)
    assert list(runtime.registered.values()) == [4 << 12, 4 << 12, 2 << 12]
    assert lock.description == "cudaHostRegister of 40960 bytes"
    lock.unlock()
    lock.unlock()
    assert runtime.registered == {}


def test_a_refusal_leaves_nothing_registered_and_no_sticky_error(memory):
    runtime = Runtime(fail_at=3)
    lock = PageLock("cuda", lambda: runtime)
    lock.lock(memory)
    assert runtime.registered == {} and runtime.sticky == 0
    assert "out of memory (error 2)" in lock.description


@pytest.mark.parametrize("device, runtime, why", [
    ("cpu", Runtime(), "the device is cpu"),
    ("cuda", None, "no CUDA runtime"),
    ("cuda", Runtime(devices=0), "no device"),
])
def test_what_is_missing_is_said(memory, device, runtime, why):
    lock = PageLock(device, lambda: runtime)
    lock.lock(memory)
    assert why in lock.description and lock.description.startswith("none")
    assert runtime is None or runtime.sticky == 0


def test_the_loader_locks_its_ring_once_and_unlocks_it(fake, monkeypatch):
    runtime = Runtime()
    fake.behaviour.resize_at, fake.behaviour.slot_bytes = 3, 1 << 15
    with penstock.Loader("d.tar", 10, run_dir=fake.run_dir, rank=0, world_size=1, device="cuda") as loader:
        loader._page_lock._load = lambda: runtime
        iterator = iter(loader)
        next(iterator)
        small = dict(runtime.registered)
        assert list(small.values()) == [loader._session._ring.size]
        for _ in range(5):
            next(iterator)
        assert runtime.registered.keys() != small.keys() and len(runtime.registered) == 1
        assert "cudaHostRegister" in loader.description
    assert runtime.registered == {}
