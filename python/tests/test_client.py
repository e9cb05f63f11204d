"""The loader against a fake sidecar: the edges of the protocol, deaths, state, forks."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import penstock

from .conftest import open_fds


def loader_of(fake, **options):
    options = {"rank": 0, "world_size": 1, **options}
    return penstock.Loader("d.tar", options.pop("batch_size", 10), run_dir=fake.run_dir, **options)


def keys_of(batches):
    return [key for batch in batches for key in batch.keys]


def test_an_iteration_is_an_epoch(fake, no_leaks):
    fake.behaviour.samples = 105
    with loader_of(fake) as loader:
        assert len(loader) == 10
        assert keys_of(loader) == [f"0/{i}" for i in range(100)]
        assert keys_of(loader) == [f"1/{i}" for i in range(100)]
        assert loader.plan["order_id"] == "0" * 32
        assert loader.stats()["batches"] == 20
    assert fake.opens[0]["dataset"] == [os.path.abspath("d.tar")]
    del loader


def test_what_a_job_leaves_in_the_cache_is_asked_for(fake):
    with loader_of(fake) as loader:
        next(iter(loader)).release()
    with loader_of(fake, cache="bypass", cache_quota="1.5GiB") as loader:
        next(iter(loader)).release()
    with loader_of(fake, cache_quota=4096, job="run 7") as loader:
        next(iter(loader)).release()
    asked = [(request["cache"], request["cache_quota"], request["job"]) for request in fake.opens]
    assert asked == [("use", None, None), ("bypass", 3 << 29, None), ("use", 4096, "run 7")]
    with pytest.raises(ValueError, match="50GiB"):
        loader_of(fake, cache_quota="much")


def test_epochs_are_one_iteration_that_ends(fake):
    fake.behaviour.samples = 50
    with loader_of(fake, epochs=2) as loader:
        assert len(keys_of(loader)) == 100
        assert keys_of(loader) == []


def test_ranks_come_from_the_environment(fake, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with penstock.Loader("d.tar", 10, run_dir=fake.run_dir) as loader:
        assert next(iter(loader)).keys[0] == "0/10"
    with pytest.raises(ValueError, match="both"):
        penstock.Loader("d.tar", 10, run_dir=fake.run_dir, rank=1)


def test_state_continues_at_every_step(fake):
    fake.behaviour.samples = 60
    with loader_of(fake, epochs=2) as loader:
        whole, states = [], [loader.state_dict()]
        for batch in loader:
            whole.append(batch.keys)
            states.append(loader.state_dict())
    for step, state in enumerate(states):
        with loader_of(fake, epochs=2) as resumed:
            resumed.load_state_dict(state)
            assert resumed.state_dict()["cursor"] == state["cursor"]
            assert [batch.keys for batch in resumed] == whole[step:]


def test_state_ignores_batches_that_wait(fake):
    with loader_of(fake) as loader:
        iterator = iter(loader)
        next(iterator)
        time.sleep(0.05)  # others are ready by now, or not: it must not matter
        assert loader.state_dict()["cursor"]["index"] == 10


def test_state_of_another_format_is_refused(fake):
    with loader_of(fake) as loader, pytest.raises(ValueError, match="no state"):
        loader.load_state_dict({"version": 2})


def test_breaking_off_and_iterating_again_goes_on(fake):
    with loader_of(fake) as loader:
        seen = []
        for batch in loader:
            seen += batch.keys
            if len(seen) == 30:
                break
        seen += keys_of(loader)
    assert seen == [f"0/{i}" for i in range(1000)]


def test_errors_of_open_are_raised(fake, no_leaks):
    fake.behaviour.refuse = "not_allowed"
    loader = loader_of(fake)
    with pytest.raises(penstock.SidecarError, match=r"no \[not_allowed\]") as caught:
        len(loader)
    assert caught.value.kind == "not_allowed"
    loader.close()
    del loader, caught


def test_a_failing_session_first_yields_what_was_published(fake):
    fake.behaviour.fail_after = 3
    with loader_of(fake) as loader:
        iterator = iter(loader)
        assert [next(iterator).keys[0] for _ in range(3)] == ["0/0", "0/10", "0/20"]
        with pytest.raises(penstock.DataError, match="x.tar at 512"):
            next(iterator)
        assert loader.state_dict()["cursor"]["index"] == 30


def test_another_protocol_version_is_refused_with_both(fake):
    fake.behaviour.protocol = 9
    with loader_of(fake) as loader, pytest.raises(penstock.ProtocolError, match="protocol 9.*1"):
        len(loader)


def test_a_batch_that_does_not_fit_makes_a_larger_ring(fake, no_leaks):
    fake.behaviour.resize_at = 3
    fake.behaviour.slot_bytes = 1 << 15
    with loader_of(fake) as loader:
        kept = []
        seen = []
        for batch in loader:
            seen += batch.keys
            if batch.step == 1:
                kept.append((batch, batch.keys))  # held across the change
        assert seen == [f"0/{i}" for i in range(1000)]
        assert fake.opens[1]["min_slot_bytes"] == 1 << 16 and fake.opens[1]["cursor"]["index"] == 30
        assert kept[0][0]["cls"].tolist() == list(range(10, 20))
    del kept, batch, loader


def test_a_lost_connection_is_made_again(fake):
    fake.behaviour.hang_up_after = 3
    with loader_of(fake) as loader:
        assert keys_of(loader) == [f"0/{i}" for i in range(1000)]
        assert loader.stats()["reconnects"] == 1


def test_no_sidecar_is_an_error_with_what_to_do(tmp_path):
    loader = penstock.Loader("d.tar", 4, rank=0, world_size=1, run_dir=str(tmp_path), restart_timeout=0.05)
    with pytest.raises(penstock.SidecarDied, match="penstock serve --run-dir"):
        len(loader)


def test_holding_every_slot_warns_and_then_fails(fake, monkeypatch):
    monkeypatch.setattr("penstock._session._HELD_WARNING", 0.05)
    with loader_of(fake, held_timeout=0.2) as loader:
        kept = []
        with pytest.warns(RuntimeWarning, match="all 4 slots"), pytest.raises(penstock.SlotsHeldError, match="slots="):
            for batch in loader:
                kept.append(batch)
        assert len(kept) == 4
        for batch in kept:
            batch.release()
        assert next(iter(loader)).keys[0] == "0/40"


def test_another_thread_may_release(fake):
    with loader_of(fake) as loader:
        kept, iterator = [], iter(loader)
        for _ in range(4):
            kept.append(next(iterator))
        timer = threading.Timer(0.05, kept.pop(0).release)
        timer.start()
        assert next(iterator).keys[0] == "0/40"
        timer.join()


def test_batches_dropped_without_release_come_back(fake):
    with loader_of(fake) as loader:
        views = []
        for batch in loader:
            views.append(batch["cls"])
            del views[:-2]
        assert views[-1].tolist() == list(range(990, 1000))


def test_a_forked_child_is_refused_and_harms_nothing(fake):
    with loader_of(fake) as loader:
        iterator = iter(loader)
        held = next(iterator)
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                next(iterator)
            except penstock.ForkedError as e:
                os.write(write, str(e).encode())
            held.release()
            loader.close()
            os._exit(0)
        os.close(write)
        assert b"another process" in os.read(read, 1000)
        os.close(read)
        os.waitpid(pid, 0)
        assert held["cls"].tolist() == list(range(10))
        assert next(iterator).keys[0] == "0/10"


def test_closing_in_the_middle_ends_the_iteration_with_an_error(fake):
    loader = loader_of(fake)
    iterator = iter(loader)
    batch = next(iterator)
    loader.close()
    assert batch["cls"].tolist() == list(range(10)), "views outlive the loader"
    with pytest.raises(penstock.PenstockError, match="closed"):
        next(iterator)


@pytest.mark.parametrize("where", ["in the session", "behind it"])
def test_an_interrupt_in_the_middle_loses_and_repeats_nothing(fake, monkeypatch, where):
    """Ctrl-C in a notebook: the loop is cut anywhere, and the next one goes on."""
    from penstock import _ring

    with loader_of(fake, slots=2) as loader:
        seen = []
        for batch in loader:
            seen += batch.keys
            if batch.step == 4:
                break
        with monkeypatch.context() as patch:

            def interrupted(*_):
                raise KeyboardInterrupt

            if where == "in the session":
                patch.setattr(_ring.Ring, "slot_memory", interrupted)  # taken, not yet a batch
                with pytest.raises(KeyboardInterrupt):
                    next(iter(loader))
            else:
                loader._session.next()  # a batch that never reached the caller
        del batch
        seen += keys_of(loader)
        assert seen == [f"0/{i}" for i in range(1000)]


# ---- private sidecars ----


def private(options=(), **more):
    return penstock.Loader("d.tar", 10, rank=0, world_size=1, sidecar_options=options, **more)


def test_a_private_sidecar_leaves_nothing(fake_home, no_leaks):
    with private() as loader:
        assert keys_of(loader) == [f"0/{i}" for i in range(1000)]
        pid = loader._sidecar.pid
        assert os.listdir(fake_home) and "private" in loader.description
    assert not os.path.exists(f"/proc/{pid}") and os.listdir(fake_home) == []
    del loader


def test_a_sidecar_that_does_not_start_is_quoted(fake_home):
    with private(["--die"]) as loader:
        with pytest.raises(penstock.SidecarDied, match="(?s)status 1.*told to die"):
            len(loader)
        assert len(os.listdir(fake_home)) == 2  # run directory and the kept log
    assert [name for name in os.listdir(fake_home) if name.endswith(".log")]


def test_a_sidecar_that_is_killed_while_it_starts_is_started_again(fake_home, tmp_path):
    with private(["--killed-once", str(tmp_path / "mark")]) as loader:
        assert next(iter(loader)).keys[0] == "0/0"
        assert loader._sidecar.starts == 2


def test_a_sidecar_that_always_dies_is_given_up(fake_home, monkeypatch):
    monkeypatch.setattr("penstock._session._FRUITLESS_SECONDS", 0)
    with private(["--exit-after", "0"]) as loader, pytest.raises(penstock.SidecarDied, match="5 times without"):
        next(iter(loader))


def test_kill_of_the_sidecar_again_and_again(fake_home, no_leaks):
    with private(["--samples", "1200", "--txt-bytes", "1000"]) as loader:
        seen, kills, held = [], 0, None
        for batch in loader:
            seen += batch.keys
            if batch.step % 15 == 7 and kills < 5:
                held = (batch, batch["cls"].tolist())  # stays held over the death
                os.kill(loader._sidecar.pid, signal.SIGKILL)
                kills += 1
            elif held is not None:
                assert held[0]["cls"].tolist() == held[1]
        assert kills == 5 and loader.stats()["reconnects"] == 5
        assert seen == [f"0/{i}" for i in range(1200)]
    del loader, batch, held
    assert os.listdir(fake_home) == []


_TRAINER = """
import sys, tempfile, penstock
tempfile.tempdir = sys.argv[1]
with penstock.Loader("d.tar", 10, rank=0, world_size=1) as loader:
    for batch in loader:
        if batch.step == 5:
            print(loader._sidecar.pid, flush=True)
            sys.stdin.read() if "wait" in sys.argv else None
"""


def start_trainer(temporary, *args):
    return subprocess.Popen(
        [sys.executable, "-c", _TRAINER, str(temporary), *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(penstock.__file__))},
    )


def gone(pid):
    deadline = time.monotonic() + 20
    while os.path.exists(f"/proc/{pid}"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_trainer_that_dies_takes_its_sidecar_along(fake_home, how):
    trainer = start_trainer(fake_home, "wait")
    sidecar = int(trainer.stdout.readline())
    trainer.send_signal(how)
    trainer.communicate()
    assert gone(sidecar)
    assert os.listdir(fake_home) == []


def test_debris_of_a_double_kill_is_swept_by_the_next(fake_home):
    trainer = start_trainer(fake_home, "wait")
    sidecar = int(trainer.stdout.readline())
    os.kill(sidecar, signal.SIGSTOP)
    trainer.kill()
    trainer.communicate()
    os.kill(sidecar, signal.SIGKILL)
    assert gone(sidecar)
    assert len(os.listdir(fake_home)) == 1
    with private() as loader:
        len(loader)
        assert len(os.listdir(fake_home)) == 1
    assert os.listdir(fake_home) == []


def test_an_exit_without_close_ends_the_sidecar(fake_home):
    code = _TRAINER.replace("with penstock", "loader = penstock").replace(" as loader:", "\nif True:")
    done = subprocess.run([sys.executable, "-c", code, str(fake_home)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(penstock.__file__))})
    assert done.returncode == 0, done.stderr
    assert gone(int(done.stdout.split()[0])) and os.listdir(fake_home) == []


def test_many_batches_leak_nothing(fake, no_leaks):
    fake.behaviour.samples = 20000
    with loader_of(fake) as loader:
        for batch in loader:
            if batch.step == 100:
                gc.collect()
                before = len(open_fds())
        assert len(open_fds()) <= before
    del loader, batch
