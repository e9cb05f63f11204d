"""The real sidecar for tests, and archives to feed it with."""

import io
import os
import random
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pytest

from penstock._daemon import find_command

ROOT = Path(__file__).resolve().parents[2]


def require_sidecar():
    """Skips, saying how to build it, if there is no sidecar to start."""
    if "PENSTOCK_HOME" not in os.environ and not (ROOT / "benchmarks/target/app/lib").is_dir():
        pytest.skip("the sidecar is not built: run ./penstock --version, or mvn verify")


def sample(number, payload):
    """Fields of sample ``number``; ``payload`` is the mean size of the jpg."""
    generator = random.Random(number)
    buffer = io.BytesIO()
    np.save(buffer, np.full((3, 2), number, np.float32))
    return {
        "jpg": generator.randbytes(payload // 2 + generator.randrange(payload)),
        "cls": str(number % 10).encode(),
        "emb.npy": buffer.getvalue(),
        "txt": f"caption {number}".encode(),
    }


def write_archive(path, numbers, payload):
    with tarfile.open(path, "w") as tar:
        for number in numbers:
            for name, data in sample(number, payload).items():
                info = tarfile.TarInfo(f"{number:07d}.{name}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


def write_dataset(directory, shards, samples, payload):
    """``shards`` archives of ``samples`` each; returns the brace pattern."""
    for shard in range(shards):
        write_archive(os.path.join(directory, f"train-{shard:03d}.tar"), range(shard * samples, (shard + 1) * samples), payload)
    return os.path.join(directory, f"train-{{000..{shards - 1:03d}}}.tar")


def await_ready(process):
    for line in process.stdout:
        if line.startswith(b"ready"):
            return
    raise AssertionError(f"the sidecar ended with status {process.wait()}")


class Served:
    """A sidecar that others join."""

    def __init__(self, *options):
        self.run_dir = tempfile.mkdtemp(prefix="penstock-test-")
        command = [*find_command(), "serve", "--run-dir", self.run_dir, "--parent-pid", str(os.getpid()), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
        await_ready(self.process)

    @property
    def pid(self):
        return self.process.pid

    def descriptors(self):
        """What the sidecar has open, without what comes and goes."""
        found = []
        for fd in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                found.append(re.sub(r"\d+", "N", os.readlink(f"/proc/{self.pid}/fd/{fd}")))
            except OSError:
                pass
        return sorted(found)

    def mappings(self):
        """How many rings it has mapped."""
        with open(f"/proc/{self.pid}/maps") as maps:
            return sum("memfd:penstock-ring" in line for line in maps)

    def resident(self):
        """Anonymous resident bytes: not rings, which are their clients'."""
        with open(f"/proc/{self.pid}/status") as status:
            return int(re.search(r"RssAnon:\s+(\d+)", status.read())[1]) << 10

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()
