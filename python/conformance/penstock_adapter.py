"""Penstock through its Python client: one sidecar for all jobs, joined by each."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import penstock
from penstock._daemon import find_command

from protocol import Job, Step, serve, shards

_NOTES = [
    "penstock.Loader at its defaults (block order), all ranks and jobs joined to one sidecar, as its README advises",
    "mixtures by mix=[{dataset, weight}]; changed weights by loading the state into a loader that has them",
    "workers are the sidecar's processors (--cpus), as many as the machine has",
]


class Sidecar:
    """A sidecar with so many processors, started when first asked for."""

    def __init__(self):
        self._process, self._cpus, self.run_dir = None, None, None

    def use(self, workers: int) -> str:
        cpus = max(1, min(workers, len(os.sched_getaffinity(0))))
        if self._cpus != cpus:
            self.close()
            self.run_dir = tempfile.mkdtemp(prefix="run-")
            command = [*find_command(), "serve", "--run-dir", self.run_dir, "--parent-pid", str(os.getpid())]
            self._process = subprocess.Popen([*command, "--memory", "256MiB", "--cpus", str(cpus)], stdout=subprocess.PIPE)
            if not any(line.startswith(b"ready") for line in self._process.stdout):
                raise RuntimeError(f"the sidecar ended with status {self._process.wait()} before it was ready")
            self._cpus = cpus
        return self.run_dir

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process.stdout.close()
            self._process = None


_sidecar = Sidecar()


def _loader(job: Job) -> penstock.Loader:
    options = dict(
        rank=job.rank, world_size=job.world, seed=job.seed, epochs=job.epochs or None, fields=["cls:int"],
        run_dir=_sidecar.use(job.workers),
    )
    if job.mix is None:
        return penstock.Loader(shards(job.data), job.batch, **options)
    mix = [{"dataset": part["data"], "weight": part["weight"]} for part in job.mix]
    return penstock.Loader(None, job.batch, mix=mix, **options)


def read(job: Job):
    with _loader(job) as loader:
        if job.start is not None:
            loader.load_state_dict(job.start["states"][0])
        while True:
            steps = 0
            for batch in loader:
                steps += 1
                valid = [not flag & penstock.PADDING for flag in batch.flags]
                yield Step(batch.epoch, batch.keys, loader.state_dict, valid)
                batch.release()
            if job.mix is None or steps == 0:
                return


if __name__ == "__main__":
    _sidecar.use(0)
    serve(version=penstock.__version__, notes=_NOTES, read=read, many_jobs=True)
