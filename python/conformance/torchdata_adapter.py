"""torchdata's StatefulDataLoader over a map-style dataset, sharded over ranks by its own sampler."""

import importlib.metadata

import torch
from torch.utils.data import Dataset
from torchdata.stateful_dataloader import StatefulDataLoader
from torchdata.stateful_dataloader.sampler import StatefulDistributedSampler

from protocol import Job, Step, Unsupported, pack, packed_bytes, serve, unpack
from tar_source import TarSource, index

_NOTES = [
    "StatefulDataLoader with StatefulDistributedSampler(shuffle=True, seed, drop_last=True), set_epoch before each epoch,"
    " over a map-style dataset; drop_last=True",
    "state_dict of each rank, resumed on the same rank",
]


class _Tars(Dataset):
    def __init__(self, work: str):
        self._source = TarSource(work)

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, i: int) -> str:
        return self._source[i]


def read(job: Job):
    if job.mix is not None:
        raise Unsupported("StatefulDataLoader mixes nothing itself")
    dataset = _Tars(job.work)
    sampler = StatefulDistributedSampler(
        dataset, num_replicas=job.world, rank=job.rank, shuffle=True, seed=job.seed, drop_last=True
    )
    loader = StatefulDataLoader(
        dataset, batch_size=job.batch, sampler=sampler, num_workers=job.workers, drop_last=True, collate_fn=list
    )
    epoch = 0
    if job.start is not None:
        saved = unpack(job.own_state)
        epoch = saved["epoch"]
        sampler.set_epoch(epoch)
        loader.load_state_dict(saved["loader"])
    while epoch < (job.epochs or 1 << 30):
        sampler.set_epoch(epoch)
        for batch in loader:
            yield Step(
                epoch,
                batch,
                lambda: pack({"epoch": epoch, "loader": loader.state_dict()}),
                state_bytes=packed_bytes,
            )
        epoch += 1


if __name__ == "__main__":
    torch.set_num_threads(1)
    serve(
        version=importlib.metadata.version("torchdata"), notes=_NOTES, read=read, prepare=index, many_jobs=True
    )
