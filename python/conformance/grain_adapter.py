"""Grain: MapDataset with a global shuffle, in its elastic iterator."""

import importlib.metadata

import grain
from grain import sharding
from grain.experimental import ElasticIterator

from protocol import Job, Step, serve
from tar_source import TarSource, index

_NOTES = [
    "MapDataset.source(tar shards by index).seed(seed).shuffle() in grain.experimental.ElasticIterator, its iterator for"
    " checkpoints that another number of hosts may load; get_state and set_state",
    "workers are its MultiprocessingOptions(num_workers)",
    "mixtures by IterDataset.mix over one shuffled, repeated pipeline for each source and rank, whose states are per rank",
]


def _source(job: Job, work: str) -> "grain.MapDataset":
    return grain.MapDataset.source(TarSource(work)).seed(job.seed).shuffle()


def read(job: Job):
    yield from (_mix(job) if job.mix else _elastic(job))


def _elastic(job: Job):
    source = _source(job, job.work)
    global_batch = job.batch * job.world
    dataset = ElasticIterator(
        source.repeat(job.epochs) if job.epochs != 1 else source,
        global_batch,
        sharding.ShardOptions(shard_index=job.rank, shard_count=job.world),
        multiprocessing_options=grain.MultiprocessingOptions(num_workers=job.workers) if job.workers else None,
    )
    iterator = iter(dataset)
    done = 0
    if job.start is not None:
        iterator.set_state(job.start["states"][0])
        done = job.start["steps"] * job.start["batch"] * job.start["world"]
    for batch in iterator:
        yield Step(done // len(source), [str(key) for key in batch], iterator.get_state)
        done += global_batch


def _mix(job: Job):
    parts = [
        _source(job, part["work"]).repeat()[job.rank :: job.world].to_iter_dataset() for part in job.mix
    ]
    mixed = grain.IterDataset.mix(parts, weights=[part["weight"] for part in job.mix]).batch(job.batch)
    iterator = iter(mixed)
    if job.start is not None:
        iterator.set_state(job.own_state)
    for batch in iterator:
        yield Step(0, [str(key) for key in batch], iterator.get_state)


if __name__ == "__main__":
    serve(version=importlib.metadata.version("grain"), notes=_NOTES, read=read, prepare=index, many_jobs=True)
