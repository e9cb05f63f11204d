"""LitData: StreamingDataset over chunks that litdata.optimize made, in a StreamingDataLoader."""

import importlib.metadata
import os

from litdata import CombinedStreamingDataset, StreamingDataLoader, StreamingDataset, optimize

from protocol import Job, Step, pack, packed_bytes, samples, serve, unpack

_NOTES = [
    "the tar shards converted by litdata.optimize(chunk_size=20, num_workers=1); StreamingDataset(shuffle=True,"
    " drop_last=True, seed) in StreamingDataLoader, as its documents say for training on several ranks",
    "rank 0's state_dict loaded by all ranks",
    "mixtures by CombinedStreamingDataset(weights, iterate_over_all=False)",
]


def _sample(item):
    key, payload, label = item
    return {"key": key, "bin": payload, "cls": label}


def prepare(data: str, work: str) -> None:
    optimize(
        fn=_sample, inputs=list(samples(data)), output_dir=work + "/chunks", chunk_size=20, num_workers=1
    )


def read(job: Job):
    # Its ranks are those of torch.distributed, or these.
    os.environ.update(WORLD_SIZE=str(job.world), GLOBAL_RANK=str(job.rank), NNODES="1", LIGHTNING_CACHE_DIR="cache")
    if job.mix is None:
        dataset = StreamingDataset(job.work + "/chunks", shuffle=True, drop_last=True, seed=job.seed)
    else:
        parts = [
            StreamingDataset(part["work"] + "/chunks", shuffle=True, drop_last=True, seed=job.seed) for part in job.mix
        ]
        weights = [part["weight"] for part in job.mix]
        dataset = CombinedStreamingDataset(parts, seed=job.seed, weights=weights, iterate_over_all=False)
    loader = StreamingDataLoader(
        dataset, batch_size=job.batch, num_workers=job.workers, drop_last=True, shuffle=True
    )
    if job.start is not None:
        loader.load_state_dict(unpack(job.start["states"][0]))
    # The loader counts its passes itself, and knows whether a loaded state is in the middle of one.
    while job.epochs == 0 or loader.restore or loader.current_epoch < job.epochs:
        for batch in loader:
            yield Step(
                loader.current_epoch - 1, list(batch["key"]), lambda: pack(loader.state_dict()), state_bytes=packed_bytes
            )


if __name__ == "__main__":
    serve(version=importlib.metadata.version("litdata"), notes=_NOTES, read=read, prepare=prepare, fork=True)
