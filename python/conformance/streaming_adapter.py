"""mosaicml-streaming: StreamingDataset over MDS shards in a StreamingDataLoader."""

import importlib.metadata
import os

import torch.distributed
from streaming import MDSWriter, Stream, StreamingDataLoader, StreamingDataset
from streaming.base.util import clean_stale_shared_memory
from torch.testing._internal.distributed.fake_pg import FakeStore

from protocol import Job, Step, samples, serve

_NOTES = [
    "the tar shards converted to MDS; StreamingDataset(shuffle=True, shuffle_algo='py1e', shuffle_seed, batch_size,"
    " num_canonical_nodes=1, as fixed as its documents ask for elastic determinism) in StreamingDataLoader(drop_last=True)",
    "each rank a node of its own (LOCAL_WORLD_SIZE=1), run one after the other under PyTorch's fake process group",
    "rank 0's state_dict resumed by all ranks, as its documents describe",
    "mixtures by Stream(proportion=...), epoch_size of the run, batching_method='stratified'",
]


def prepare(data: str, work: str) -> None:
    # Shards of about the samples that the tar shards have.
    with MDSWriter(out=work + "/mds", columns={"key": "str", "bin": "bytes", "cls": "int"}, size_limit=1 << 13) as writer:
        for key, payload, label in samples(data):
            writer.write({"key": key, "bin": payload, "cls": label})


def _become_rank(rank: int, world: int) -> None:
    """Each rank is a node of its own, and the ranks run one after the other: PyTorch's fake process group stands in for
    the others, whom StreamingDataset only waits for."""
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(world), LOCAL_RANK="0", LOCAL_WORLD_SIZE="1")
    if world > 1:
        torch.distributed.init_process_group("fake", rank=rank, world_size=world, store=FakeStore())


def read(job: Job):
    _become_rank(job.rank, job.world)
    clean_stale_shared_memory()  # of killed jobs, as its documents advise
    options = dict(
        shuffle=True, shuffle_algo="py1e", shuffle_seed=job.seed, batch_size=job.batch, num_canonical_nodes=1
    )
    if job.mix is None:
        dataset = StreamingDataset(local=job.work + "/mds", **options)
    else:
        streams = [Stream(local=part["work"] + "/mds", proportion=part["weight"]) for part in job.mix]
        dataset = StreamingDataset(streams=streams, epoch_size=1440, batching_method="stratified", **options)
    loader = StreamingDataLoader(dataset, batch_size=job.batch, num_workers=job.workers, drop_last=True)
    epoch = 0
    if job.start is not None:
        loader.load_state_dict(job.start["states"][0])
        epoch = job.start["states"][0]["epoch"]
    while epoch < (job.epochs or 1 << 30):
        for batch in loader:
            yield Step(epoch, list(batch["key"]), loader.state_dict)
        epoch += 1


if __name__ == "__main__":
    serve(version=importlib.metadata.version("mosaicml-streaming"), notes=_NOTES, read=read, prepare=prepare, fork=True)
