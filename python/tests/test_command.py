"""The command at the repository's root, as a person types it."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile

import pytest

PENSTOCK = pathlib.Path(__file__).resolve().parents[2] / "penstock"


def run(*arguments, **options):
    return subprocess.run([str(PENSTOCK), *arguments], capture_output=True, text=True, timeout=300, **options)


@pytest.fixture
def temporary():
    """A directory with a short name (the kernel bounds the paths of sockets), and an environment that puts temporary files there."""
    with tempfile.TemporaryDirectory(prefix="penstock-") as path:
        yield pathlib.Path(path), {**os.environ, "TMPDIR": path, "PENSTOCK_JAVA_OPTS": f"-Djava.io.tmpdir={path}"}


def test_runs_from_another_directory(tmp_path):
    done = run("--version", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.match(r"penstock \S+ \(Java 25\)", done.stdout)


def test_wrong_usage_is_2_and_says_why():
    done = run("read", "nowhere-{0..9}.tar", "--batch-size", "0")
    assert done.returncode == 2
    assert "--batch-size: value is too small (0), at least 1 is required" in done.stderr
    assert done.stdout == ""


def test_cpus_bind_the_whole_process(temporary):
    directory, environment = temporary
    made = run("bench", "generate", str(directory / "data"), "--samples", "40", "--shards", "2", env=environment)
    assert made.returncode == 0, made.stderr
    done = run("read", str(directory / "data"), "--cpus", "1", "--memory", "64MiB", "--batch-size", "8", env=environment)
    assert done.returncode == 0, done.stderr
    assert "40 samples in 5 batches" in done.stdout


def test_demo_learns_and_leaves_nothing(temporary):
    directory, environment = temporary
    done = run("demo", "--seconds", "3", "--pictures", "2048", env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the model learns" in done.stdout
    assert os.listdir(directory) == []


def test_interrupted_demo_leaves_nothing(temporary):
    directory, environment = temporary
    demo = subprocess.Popen(
        [str(PENSTOCK), "demo", "--seconds", "120", "--pictures", "2048"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    with demo.stdout as said:
        assert any(b"step" in line for line in said)  # the trainer runs
        os.killpg(demo.pid, signal.SIGINT)
        said.read()
    demo.wait(60)
    assert os.listdir(directory) == []
    left = subprocess.run(["pgrep", "-f", str(directory)], capture_output=True, text=True).stdout
    assert left == "", f"processes {left.split()} still run"
