"""The command at the repository's root, as a person types it."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

import pytest

from . import real

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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_read_that_is_told_to_end_leaves_whole_files(tmp_path, number):
    data = real.write_dataset(tmp_path, 2, 100, 500)
    keys, cursor = tmp_path / "keys.tsv", tmp_path / "at.json"
    options = ["--batch-size", "10", "--seed", "7", "--cursor-out", str(cursor)]
    endless = subprocess.Popen(
        [str(PENSTOCK), "read", data, "--epochs", "0", "--keys", str(keys), *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )
    while not keys.exists() or keys.stat().st_size < 100_000:
        assert endless.poll() is None, endless.stderr.read()
        time.sleep(0.05)
    os.killpg(endless.pid, number)
    endless.communicate(timeout=60)
    assert endless.returncode != 0
    lines = keys.read_text().splitlines(keepends=True)
    assert all(line.endswith("\n") and line.count("\t") == 4 for line in lines)
    assert json.loads(cursor.read_text())["step"] * 10 == len(lines)
    more = tmp_path / "more.tsv"
    done = run("read", data, "--epochs", "0", "--steps", "3", "--cursor", str(cursor), "--keys", str(more), *options[:4])
    assert done.returncode == 0, done.stderr
    first = more.read_text().splitlines()[0].split("\t")
    assert int(first[1]) == int(lines[-1].split("\t")[1]) + 1


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
