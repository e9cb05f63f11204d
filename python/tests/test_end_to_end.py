"""The client with the real sidecar on real archives."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

import penstock

from . import real
FIELDS = ["jpg", "cls:int", "emb.npy:npy", "txt"]
SHARDS, SAMPLES, PAYLOAD = 4, 150, 4000
COUNT = SHARDS * SAMPLES


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return real.write_dataset(tmp_path_factory.mktemp("data"), SHARDS, SAMPLES, PAYLOAD)


def joined(served, dataset, batch_size=20, **options):
    options = {"rank": 0, "world_size": 1, "fields": FIELDS, "seed": 7, **options}
    return penstock.Loader(dataset, batch_size, run_dir=served.run_dir, **options)


def check(batch):
    for row, key in enumerate(batch.keys):
        number = int(key)
        wanted = real.sample(number, PAYLOAD)
        assert bytes(batch["jpg"][row]) == wanted["jpg"]
        assert bytes(batch["txt"][row]) == wanted["txt"]
        assert batch["cls"][row] == number % 10
        assert np.array_equal(batch["emb.npy"][row], np.full((3, 2), number, np.float32))


def test_every_sample_arrives_once_and_whole(served, dataset, no_leaks):
    with joined(served, dataset) as loader:
        assert len(loader) == COUNT // 20
        for epoch in range(2):
            numbers = []
            for batch in loader:
                check(batch)
                assert batch.epoch == epoch
                numbers += map(int, batch.keys)
            assert sorted(numbers) == list(range(COUNT)) and numbers != sorted(numbers)
    del loader, batch


def test_ranks_share_each_step_and_any_world_size_resumes(served, dataset):
    def steps(world, batch_size, state=None, count=None):
        loaders = [joined(served, dataset, batch_size, rank=rank, world_size=world) for rank in range(world)]
        for loader in loaders:
            if state:
                loader.load_state_dict(state)
        assert len({loader.plan["order_id"] for loader in loaders}) == 1
        rows = []
        for parts in zip(*loaders):
            rows.append(sorted(key for part in parts for key in part.keys))
            state = loaders[0].state_dict()
            del parts
            if len(rows) == count:
                break
        for loader in loaders:
            loader.close()
        return rows, state

    whole, _ = steps(1, 40)
    first, state = steps(2, 20, count=6)
    rest, _ = steps(4, 10, state)
    assert first + rest == whole


def test_state_at_every_step(served, dataset):
    with joined(served, dataset, 60, epochs=1) as loader:
        states, whole = [loader.state_dict()], []
        for batch in loader:
            whole.append(batch.keys)
            states.append(loader.state_dict())
    assert len(whole) == 10
    for step, state in enumerate(states):
        with joined(served, dataset, 60, epochs=1) as resumed:
            resumed.load_state_dict(state)
            assert [batch.keys for batch in resumed] == whole[step:]


def test_padding_is_flagged(served, dataset):
    with joined(served, dataset, 64, end="pad", shuffle="none", epochs=1) as loader:
        batches = [(batch.keys, batch.flags.tolist()) for batch in loader]
    assert len(batches) == -(-COUNT // 64)
    repeats = len(batches) * 64 - COUNT
    assert batches[-1][1] == [0] * (64 - repeats) + [penstock.PADDING] * repeats


@pytest.mark.parametrize("options, kind, why", [
    ({"dataset": "/nowhere/at-all.tar"}, "dataset", "at-all"),
    ({"shuffle": "sideways"}, "bad_request", "sideways"),
    ({"fields": ["png"]}, "bad_request", "png"),
    ({"batch_size": 100_000}, "bad_request", "samples"),
])
def test_refusals_say_why(served, dataset, options, kind, why):
    options = {"dataset": dataset, "batch_size": 10, **options}
    with joined(served, **options) as loader, pytest.raises(penstock.SidecarError, match=why) as caught:
        len(loader)
    assert caught.value.kind == kind


def test_a_cursor_of_other_data_is_refused(served, dataset, tmp_path):
    with joined(served, dataset) as loader:
        len(loader)
        state = loader.state_dict()
    other = real.write_dataset(tmp_path, 2, 50, 1000)
    with joined(served, other) as loader:
        loader.load_state_dict(state)
        with pytest.raises(penstock.SidecarError):
            len(loader)


def test_bad_samples_fail_or_are_left_out(served, tmp_path):
    path = str(tmp_path / "bad.tar")
    real.write_archive(path, range(40), 500)
    with open(path, "r+b") as archive:
        data = archive.read()
        at = data.index(b"0000013.cls") + 512
        archive.seek(at)
        archive.write(b"x")
    with joined(served, path, 10, shuffle="none", epochs=1) as loader:
        with pytest.raises(penstock.DataError, match="0000013"):
            for batch in loader:
                assert batch.step == 0, "nothing from the bad sample on is delivered"
    with joined(served, path, 10, shuffle="none", epochs=1, on_bad="skip") as loader:
        assert [(batch.rows, batch.bad_samples) for batch in loader] == [(10, 0), (9, 1), (10, 0), (10, 0)]
    with joined(served, path, 10, shuffle="none", epochs=1, on_bad="replace") as loader:
        assert [batch.flags.tolist().count(penstock.REPLACEMENT) for batch in loader] == [0, 1, 0, 0]


def test_what_webdataset_reads_is_what_arrives(served, dataset):
    webdataset = pytest.importorskip("webdataset")
    import braceexpand

    there = {}
    for shard in braceexpand.braceexpand(dataset):
        for sample in webdataset.WebDataset(shard, shardshuffle=False):
            there[sample["__key__"]] = {name: value for name, value in sample.items() if not name.startswith("__")}
    with joined(served, dataset, fields=None, epochs=1) as loader:
        for batch in loader:
            assert set(batch.fields) == {"jpg", "cls", "emb.npy", "txt"}
            for row, key in enumerate(batch.keys):
                assert {name: bytes(batch[name][row]) for name in batch.fields} == there.pop(key)
    assert there == {}


def test_pytorch_trains_from_it(served, dataset):
    torch = pytest.importorskip("torch")
    from penstock.torch import TorchLoader

    def decode(sample):
        return torch.from_numpy(sample["emb.npy"].copy()), int(sample["cls"])

    options = {"run_dir": served.run_dir, "rank": 0, "world_size": 1, "fields": FIELDS}
    with TorchLoader(dataset, 20, decode=decode, **options) as loader:
        for emb, cls in loader:
            assert emb.shape == (20, 3, 2) and torch.equal(emb[:, 0, 0].long() % 10, cls)


# ---- deaths ----

_TRAINER = """
import sys, penstock, json
run_dir, dataset, state = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
with penstock.Loader(dataset, 20, run_dir=run_dir, rank=0, world_size=1, seed=7, fields=["jpg", "cls:int"]) as loader:
    if state:
        loader.load_state_dict(state)
    held = []
    while True:
        for batch in loader:
            held = held[-1:] + [batch]
            print(json.dumps([batch.keys, loader.state_dict()]), flush=True)
"""


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.01)


def keys_of_epochs(served, dataset, epochs):
    with joined(served, dataset, fields=["cls:int"], epochs=epochs) as loader:
        return [batch.keys for batch in loader]


def test_twenty_killed_trainers_leave_nothing(served, dataset):
    """Each life is killed in mid-epoch and the next goes on from the last state that was saved."""
    import json

    wanted = keys_of_epochs(served, dataset, 6)
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(penstock.__file__))}
    state, got = None, []
    clean = memory = None
    for life in range(20):
        arguments = [served.run_dir, dataset, json.dumps(state)]
        trainer = subprocess.Popen([sys.executable, "-c", _TRAINER, *arguments], stdout=subprocess.PIPE, env=environment)
        for _ in range(1 + life % 7):
            keys, state = json.loads(trainer.stdout.readline())
            got.append(keys)
        trainer.send_signal(signal.SIGKILL)
        trainer.stdout.close()
        trainer.wait()
        wait_until(lambda: served.mappings() == 0)
        if life == 2:  # everything that is made once has been made
            wait_until(lambda: "socket:[N]" in served.descriptors())
            clean, memory = served.descriptors(), served.resident()
    assert got == wanted[: len(got)]
    wait_until(lambda: served.descriptors() == clean)
    assert served.resident() < memory + (32 << 20)
    # Another job is unharmed.
    assert keys_of_epochs(served, dataset, 1) == wanted[: COUNT // 20]


def test_twenty_killed_sidecars_lose_nothing(served, dataset, tmp_path, monkeypatch, no_leaks):
    """Killed in mid-epoch, with batches held: the loader restarts it and goes on with the next batch."""
    wanted = keys_of_epochs(served, dataset, 4)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    options = {"rank": 0, "world_size": 1, "seed": 7, "fields": FIELDS, "epochs": 4, "memory": "128MiB"}
    with penstock.Loader(dataset, 20, **options) as loader:
        got, kills, held = [], 0, None
        for batch in loader:
            check(batch)
            got.append(batch.keys)
            if held is not None:
                assert held[0].keys == held[1]
                assert bytes(held[2]) == real.sample(int(held[1][3]), PAYLOAD)["jpg"], "held slots are not written into"
            # Published batches come before a death is noticed: the next kill waits until the last one was.
            if kills < 20 and loader.stats()["reconnects"] == kills:
                held = (batch, batch.keys, batch["jpg"][3])
                os.kill(loader._sidecar.pid, signal.SIGKILL)
                kills += 1
        assert kills == 20 and loader.stats()["reconnects"] == 20
    assert got == wanted
    del loader, batch, held
    assert os.listdir(tmp_path) == []


def test_a_joined_sidecar_may_be_replaced_twenty_times(dataset, no_leaks):
    real.require_sidecar()
    served = real.Served("--memory", "128MiB")
    with joined(served, dataset, epochs=4, fields=["cls:int"]) as loader:
        got, kills = [], 0
        for batch in loader:
            got += batch.keys
            if kills < 20 and loader.stats()["reconnects"] == kills:
                served.process.kill()
                served.process.wait()
                served.process.stdout.close()
                served.process = subprocess.Popen(served.process.args, stdout=subprocess.PIPE, start_new_session=True)
                kills += 1
        assert kills == 20 and loader.stats()["reconnects"] == 20
        assert sorted(map(int, got)) == sorted(4 * list(range(COUNT)))
        assert sorted(os.listdir(served.run_dir)) == left_by_a_running_sidecar()
    del loader, batch
    real.await_ready(served.process)
    served.close()
    assert not os.path.exists(served.run_dir)


def left_by_a_running_sidecar():
    """What stands in the run directory of a sidecar whose predecessor, if any, ended well."""
    other = real.Served("--memory", "128MiB")
    try:
        return sorted(os.listdir(other.run_dir))
    finally:
        other.close()


def test_a_sidecar_short_of_descriptors_lets_clients_wait(dataset):
    real.require_sidecar()
    served = real.Served("--memory", "128MiB")
    try:
        with joined(served, dataset, epochs=1) as loader:
            len(loader)  # the sidecar has opened all that it needs for one client
        soft, hard = resource.prlimit(served.pid, resource.RLIMIT_NOFILE)
        lowest = max(int(fd) for fd in os.listdir(f"/proc/{served.pid}/fd")) + 1
        resource.prlimit(served.pid, resource.RLIMIT_NOFILE, (lowest, hard))
        holes = lowest - len(os.listdir(f"/proc/{served.pid}/fd"))
        with contextlib.ExitStack() as waiting:
            for _ in range(holes + 1):  # one more than descriptors are left: nobody can be accepted now
                client = waiting.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                client.connect(os.path.join(served.run_dir, "penstock.sock"))
            time.sleep(0.5)
            assert served.process.poll() is None
            resource.prlimit(served.pid, resource.RLIMIT_NOFILE, (soft, hard))
        with joined(served, dataset, epochs=1) as loader:
            assert sum(batch.rows for batch in loader) == COUNT
    finally:
        served.close()


def test_ctrl_c_ends_both(dataset, tmp_path):
    real.require_sidecar()
    code = (
        "import sys, tempfile, penstock; tempfile.tempdir = sys.argv[2]\n"
        "with penstock.Loader(sys.argv[1], 20, rank=0, world_size=1, memory='128MiB') as loader:\n"
        "    for batch in iter(lambda: next(iter(loader)), None):\n"
        "        print(loader._sidecar.pid, flush=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(penstock.__file__))}
    trainer = subprocess.Popen([sys.executable, "-c", code, dataset, str(tmp_path)], env=environment,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    pid = int(trainer.stdout.readline())
    os.killpg(trainer.pid, signal.SIGINT)  # as the terminal does
    _, errors = trainer.communicate(timeout=60)
    assert b"KeyboardInterrupt" in errors
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"))
    assert os.listdir(tmp_path) == []


def test_a_cache_directory_outlives_a_killed_sidecar(dataset, tmp_path, no_leaks):
    """Killed, its private sidecar is started again and takes the directory over, without a second file."""
    real.require_sidecar()
    cache = tmp_path / "cache"
    keys = []
    with penstock.Loader(dataset, 20, rank=0, world_size=1, fields=FIELDS, seed=7, memory="128MiB", epochs=3,
                         cache_dir=f"{cache}=64MiB") as loader:
        for step, batch in enumerate(loader):
            check(batch)
            keys += batch.keys
            batch.release()
            if step in (10, 50):
                os.kill(loader._sidecar.pid, signal.SIGKILL)
    assert len(keys) == 3 * COUNT
    assert os.listdir(cache) == ["penstock.blocks"]
    assert os.stat(cache).st_mode & 0o777 == 0o700 and os.stat(cache / "penstock.blocks").st_mode & 0o777 == 0o600


def test_a_cache_directory_is_for_a_private_sidecar(served, dataset):
    with pytest.raises(ValueError, match="cache_dir"):
        joined(served, dataset, cache_dir="/nowhere")
