"""penstock.torch against a fake sidecar."""

import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import penstock
from penstock.torch import Ragged, TorchLoader, check_ranks, tensor


def torch_loader(fake, **options):
    return TorchLoader("d.tar", 10, run_dir=fake.run_dir, rank=0, world_size=1, **options)


def test_batches_are_dicts_of_views(fake):
    fake.behaviour.samples = 100
    with torch_loader(fake) as loader:
        assert len(loader) == 10
        seen = []
        for batch in loader:
            assert batch["cls"].dtype == torch.int64 and batch["emb"].shape == (10, 2, 2)
            assert len(batch["txt"]) == 10 and batch["txt"][3].dtype == torch.uint8 and len(batch["txt"][3]) == 100
            assert [len(ids) for ids in batch["ids"]] == [i % 3 for i in batch["cls"].tolist()]
            seen += batch["__key__"]
        assert seen == [f"0/{i}" for i in range(100)]


def test_it_goes_through_pytorchs_data_loader(fake):
    with torch_loader(fake) as loader:
        batches = list(map(lambda b: b["cls"].tolist(), torch.utils.data.DataLoader(loader, batch_size=None)))
        assert sum(batches, []) == list(range(1000))


def decode(sample):
    return {"x": torch.from_numpy(np.frombuffer(sample["txt"], np.uint8).copy()), "y": int(sample["cls"])}


def test_decoding_runs_on_threads_and_keeps_the_order(fake):
    threads = set()

    def traced(sample):
        threads.add(threading.current_thread().name)
        return decode(sample)

    with torch_loader(fake, decode=traced, workers=2, prefetch=3) as loader:
        labels = [batch["y"].tolist() for batch in loader]
        assert sum(labels, []) == list(range(1000))
        assert all("penstock-decode" in name for name in threads)
        x = next(iter(loader))["x"]
        assert x.shape == (10, 100) and x[7, 0] == 7


def test_state_while_decoding_ahead_is_of_what_was_yielded(fake):
    with torch_loader(fake, decode=decode, prefetch=4) as loader:
        iterator = iter(loader)
        states = [loader.state_dict()] + [(next(iterator), loader.state_dict())[1] for _ in range(5)]
    for step, state in enumerate(states):
        with torch_loader(fake, decode=decode, prefetch=2) as resumed:
            resumed.load_state_dict(state)
            assert next(iter(resumed))["y"].tolist()[0] == 10 * step


def test_breaking_off_while_decoding_ahead_loses_nothing(fake):
    with torch_loader(fake, decode=decode, prefetch=3) as loader:
        seen = []
        for batch in loader:
            seen += batch["y"].tolist()
            if len(seen) == 50:
                break
        for batch in loader:
            seen += batch["y"].tolist()
        assert seen == list(range(1000))


def test_a_failing_decode_names_the_sample(fake):
    def broken(sample):
        if sample["cls"] == 25:
            raise ValueError("no picture")
        return 0

    with torch_loader(fake, decode=broken) as loader, pytest.raises(penstock.PenstockError, match="'0/25'.*no picture"):
        list(loader)


def test_to_the_cpu_copies_and_releases(fake):
    with penstock.Loader("d.tar", 10, run_dir=fake.run_dir, rank=0, world_size=1) as loader:
        kept = []
        for batch in loader:
            kept.append(batch.to("cpu"))
            assert batch.released
        assert [k["cls"][0].item() for k in kept] == list(range(0, 1000, 10))
        assert isinstance(kept[0]["txt"], Ragged) and kept[3]["txt"].row(1).tolist() == [31] * 100
        assert kept[0].sample_keys[2] == "0/2" and kept[0].step == 0


class Event:
    """A CUDA event that fires when told, or when it is waited for."""

    def __init__(self):
        self.fired = False

    def query(self):
        return self.fired

    def synchronize(self):
        self.fired = True


def test_a_slot_under_copy_is_freed_by_its_event_only(fake):
    with penstock.Loader("d.tar", 10, run_dir=fake.run_dir, rank=0, world_size=1) as loader:
        iterator, events = iter(loader), []
        for step in range(20):  # more than there are slots: the oldest event is waited for
            batch = next(iterator)
            assert batch.step == step
            events.append(Event())
            batch.free_after(events[-1])
            del batch
            assert loader._session._ring.held() == sum(not e.fired for e in events)
        for event in events:
            event.fired = True
        next(iterator)
        assert loader._session._ring.held() == 1


@pytest.mark.parametrize("dtype", ["u1", "i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2", "<f4", "<f8", "?"])
def test_every_element_type_becomes_a_tensor(dtype):
    array = np.array([0, 1, 1], dtype)
    assert tensor(array).tolist() == array.tolist()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_to_a_cuda_device(fake):
    with penstock.Loader("d.tar", 10, run_dir=fake.run_dir, rank=0, world_size=1, device="cuda") as loader:
        for batch in loader:
            on_device = batch.to("cuda")
            assert on_device["cls"].is_cuda
        assert "cudaHostRegister" in loader.description


def test_ranks_come_from_torch_distributed(fake, monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 3)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 4)
    with penstock.Loader("d.tar", 10, run_dir=fake.run_dir) as loader:
        assert next(iter(loader)).keys[0] == "0/30"


@pytest.mark.parametrize("other, why", [
    (lambda mine: mine, None),
    (lambda mine: ("e" * 32, mine[1]), "order id"),
    (lambda mine: (mine[0], {**(mine[1] or {}), "step": 5}), "would start at"),
])
def test_ranks_compare_their_order_before_the_first_step(fake, monkeypatch, other, why):
    def gather(everyone, mine, group=None):
        everyone[:] = [mine, other(mine)]

    monkeypatch.setattr(torch.distributed, "get_world_size", lambda group=None: 2)
    monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
    with TorchLoader("x", 4, rank=0, world_size=2, run_dir=fake.run_dir) as loader:
        if why is None:
            check_ranks(loader)
        else:
            with pytest.raises(penstock.PenstockError, match=why):
                check_ranks(loader)
