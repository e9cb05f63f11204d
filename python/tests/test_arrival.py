"""The order of arrival with the real sidecar: data that nobody has indexed, a state for each rank, exact resume."""

import json
import os
import signal
import subprocess
import sys
from itertools import islice

import pytest

import penstock

from . import real
from .test_end_to_end import FIELDS, PAYLOAD, check, joined, wait_until

SHARDS, SAMPLES = 5, 60
COUNT = SHARDS * SAMPLES


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return real.write_dataset(tmp_path_factory.mktemp("arrival"), SHARDS, SAMPLES, PAYLOAD)


def arrival(served, dataset, batch_size=20, **options):
    return joined(served, dataset, batch_size, shuffle="arrival", **options)


def content(batch):
    """All bytes of a batch."""
    jpgs = [bytes(row) for row in batch["jpg"]]
    return batch.keys, batch.step, batch.epoch, jpgs, batch["cls"].tolist(), batch["emb.npy"].tobytes()


def keys_of(loader, steps):
    return [batch.keys for batch in islice(loader, steps)]


def test_every_pass_has_every_sample_once_and_needs_no_index(served, dataset, no_leaks):
    with arrival(served, dataset) as loader:
        numbers = []
        for batch in islice(loader, 3 * COUNT // 20):
            check(batch)
            assert batch.rows == 20 and batch.epoch == len(numbers) // COUNT
            numbers += map(int, batch.keys)
        with pytest.raises(TypeError, match="never ends"):
            len(loader)
    for at in range(0, 3 * COUNT, COUNT):
        assert sorted(numbers[at : at + COUNT]) == list(range(COUNT)) != numbers[at : at + COUNT]
    assert numbers[:COUNT] != numbers[COUNT : 2 * COUNT]
    directory = os.path.dirname(dataset)
    assert all(name.endswith(".tar") for name in os.listdir(directory)), "no index is written"
    del loader, batch


@pytest.mark.parametrize("world", [1, 2, 7])
def test_states_of_every_step_resume_exactly(served, dataset, world):
    steps = 16
    for rank in {0, world - 1}:
        with arrival(served, dataset, 10, rank=rank, world_size=world) as loader:
            states, whole = [loader.state_dict()], []
            for batch in islice(loader, steps):
                check(batch)
                whole.append(content(batch))
                states.append(json.loads(json.dumps(loader.state_dict())))
        for step in range(0, steps - 3, 3):
            with arrival(served, dataset, 10, rank=rank, world_size=world) as resumed:
                resumed.load_state_dict(states[step])
                again = [content(batch) for batch in islice(resumed, 3)]
            assert again == whole[step : step + 3]
            assert len(json.dumps(states[step])) < 1200


def test_ranks_share_each_pass_and_agree_on_the_order(served, dataset):
    loaders = [arrival(served, dataset, 10, rank=rank, world_size=5) for rank in range(5)]
    assert len({loader.order_id for loader in loaders}) == 1
    assert len({json.dumps(loader.plan["schema"]) for loader in loaders}) == 1
    numbers = []
    for loader in loaders:
        numbers += [int(key) for keys in keys_of(loader, SAMPLES // 10) for key in keys]
        loader.close()
    assert sorted(numbers) == list(range(COUNT))


def test_refusals_say_why(served, dataset):
    with pytest.raises(ValueError, match="never ends"):
        arrival(served, dataset, epochs=2)
    for options, why in [
        ({"end": "pad"}, "--end"),
        ({"filter": "split:..0.5"}, "--filter"),
        ({"on_bad": "replace"}, "--on-bad"),
        ({"fields": ["png"]}, "png"),
    ]:
        with arrival(served, dataset, **options) as loader, pytest.raises(penstock.SidecarError, match=why) as caught:
            next(iter(loader))
        assert caught.value.kind == "bad_request"


def test_a_state_is_of_one_order_rank_world_and_seed(served, dataset):
    with arrival(served, dataset) as loader:
        keys_of(loader, 3)
        own = loader.state_dict()
    with joined(served, dataset) as loader:
        keys_of(loader, 3)
        other = loader.state_dict()
    for state, options, why in [
        (other, {}, "cursor of an order with epochs"),
        (own, {"shuffle": "block"}, "cursor of the order of arrival"),
        (own, {"seed": 8}, "seed was 7, is 8"),
        (own, {"world_size": 2}, "world was 1, is 2"),
    ]:
        with joined(served, dataset, **{"shuffle": "arrival", **options}) as loader:
            loader.load_state_dict(state)
            with pytest.raises(penstock.SidecarError, match=why) as caught:
                next(iter(loader))
            assert caught.value.kind == "cursor"


_TRAINER = """
import sys, penstock, json
run_dir, dataset, state = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
with penstock.Loader(dataset, 20, run_dir=run_dir, rank=1, world_size=2, seed=7, shuffle="arrival", fields=["jpg"]) as loader:
    if state:
        loader.load_state_dict(state)
    for batch in loader:
        print(json.dumps([batch.keys, loader.state_dict()]), flush=True)
"""


def test_killed_trainers_go_on_exactly(served, dataset):
    """Each life is killed with SIGKILL and the next goes on from the last state that was saved."""
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(penstock.__file__))}
    state, got = None, []
    for life in range(10):
        arguments = [served.run_dir, dataset, json.dumps(state)]
        trainer = subprocess.Popen([sys.executable, "-c", _TRAINER, *arguments], stdout=subprocess.PIPE, env=environment)
        for _ in range(1 + life % 4):
            keys, state = json.loads(trainer.stdout.readline())
            got.append(keys)
        trainer.send_signal(signal.SIGKILL)
        trainer.stdout.close()
        trainer.wait()
        wait_until(lambda: served.mappings() == 0)
    with arrival(served, dataset, rank=1, world_size=2, fields=["jpg"]) as loader:
        assert keys_of(loader, len(got)) == got


def test_killed_sidecars_lose_nothing(served, dataset, tmp_path, monkeypatch, no_leaks):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    options = {"rank": 0, "world_size": 1, "seed": 7, "fields": FIELDS, "memory": "256MiB", "shuffle": "arrival"}
    with penstock.Loader(dataset, 20, **options) as loader:
        got, kills = [], 0
        for batch in islice(loader, 40):
            check(batch)
            got.append(batch.keys)
            if kills < 5 and loader.stats()["reconnects"] == kills:
                os.kill(loader._sidecar.pid, signal.SIGKILL)
                kills += 1
        assert kills == 5
        window = loader.state_dict()["cursor"]["windowBytes"]
    with penstock.Loader(dataset, 20, **options) as loader:
        assert keys_of(loader, 40) == got
        assert loader.state_dict()["cursor"]["windowBytes"] == window
    del loader, batch
