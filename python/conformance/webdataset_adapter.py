"""webdataset as its documents advise: shards split by node and worker, shuffled by seed and epoch."""

import os

import torch  # its DataLoader carries the workers
import webdataset as wds

from protocol import Job, Step, Unsupported, serve, shards

_NOTES = [
    "wds.WebDataset(shardshuffle=100, detshuffle=True, seed, nodesplitter=wds.split_by_node).shuffle(1000, seed)"
    ".batched(partial=False) in wds.WebLoader: the deterministic, epoch-wise form of its documents, in place of"
    " resampling, which promises no epoch",
    "for several ranks its documents advise resampled=True with with_epoch; that reads no sample exactly once by design",
    "one loader for all epochs with persistent workers, since its shuffle counts epochs in each process",
    "mixtures by wds.RandomMix",
]


def _pipeline(job: Job, data: str):
    return (
        wds.WebDataset(
            shards(data), shardshuffle=100, detshuffle=True, seed=job.seed, nodesplitter=wds.split_by_node,
            workersplitter=wds.split_by_worker, empty_check=False,
        )
        .compose(wds.detshuffle(1000, seed=job.seed))
        .to_tuple("__key__")
        .map(lambda sample: sample[0])
    )


def read(job: Job):
    if job.start is not None:
        raise Unsupported("its loader has no state; its author advises resampling instead of resuming (webdataset#271)")
    # webdataset takes rank and world from torch.distributed or from these.
    os.environ.update(RANK=str(job.rank), WORLD_SIZE=str(job.world))
    if job.mix is None:
        dataset = _pipeline(job, job.data)
    else:
        parts = [_pipeline(job, part["data"]) for part in job.mix]
        dataset = wds.DataPipeline(wds.RandomMix(parts, probs=[part["weight"] for part in job.mix], longest=True))
    batches = dataset.compose(wds.batched(job.batch, partial=False, collation_fn=None))
    # One loader for all epochs, and workers that live on: its shuffle counts the epochs itself.
    loader = wds.WebLoader(batches, batch_size=None, num_workers=job.workers, persistent_workers=job.workers > 0)
    for epoch in range(job.epochs or 1 << 30):
        for batch in loader:
            yield Step(epoch, list(batch))


if __name__ == "__main__":
    serve(version=wds.__version__, notes=_NOTES, read=read, many_jobs=True)
