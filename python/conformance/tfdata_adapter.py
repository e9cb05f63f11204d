"""tf.data: TFRecord shards, sharded by rank, interleaved, shuffled by a buffer, checkpointed by tf.train.Checkpoint."""

import base64
import glob
import io
import os
import tarfile
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow as tf

from protocol import Job, Step, serve, shards

_NOTES = [
    "the tar shards converted to TFRecord; from_tensor_slices(files).shuffle(files, seed).interleave(cycle_length=4,"
    " deterministic=True).shuffle(1000, seed).shard(world, rank).batch(drop_remainder=True), built anew for each epoch with"
    " the seed plus the epoch: with one pipeline and repeat(), the epoch after a restored one was another than in the uncut run",
    "workers are interleave's num_parallel_calls",
    "the iterator saved and restored by tf.train.Checkpoint, of each rank",
    "mixtures by sample_from_datasets(weights, seed)",
]


def prepare(data: str, work: str) -> None:
    for shard in shards(data):
        name = os.path.basename(shard).replace(".tar", ".tfrecord")
        with tarfile.open(shard) as tar, tf.io.TFRecordWriter(os.path.join(work, name)) as writer:
            for member in tar:
                if member.name.endswith(".bin"):
                    writer.write(member.name[: -len(".bin")].encode() + b"\0" + tar.extractfile(member).read())


def _pipeline(job: Job, work: str, seed: int) -> tf.data.Dataset:
    files = sorted(glob.glob(work + "/*.tfrecord"))
    return (
        tf.data.Dataset.from_tensor_slices(files)
        .shuffle(len(files), seed=seed)
        .interleave(
            tf.data.TFRecordDataset, cycle_length=4, num_parallel_calls=job.workers or None, deterministic=True
        )
        .shuffle(1000, seed=seed)
        .shard(job.world, job.rank)
        .map(lambda record: tf.strings.substr(record, 0, 8))
    )


def _dataset(job: Job, epoch: int) -> tf.data.Dataset:
    """One epoch, or an endless mixture."""
    if job.mix is None:
        dataset = _pipeline(job, job.work, job.seed + epoch)
    else:
        parts = [_pipeline(job, part["work"], job.seed).repeat() for part in job.mix]
        weights = [part["weight"] for part in job.mix]
        dataset = tf.data.Dataset.sample_from_datasets(parts, weights=weights, seed=job.seed)
    return dataset.batch(job.batch, drop_remainder=True)


def _save(checkpoint: tf.train.Checkpoint) -> dict:
    """All files of a checkpoint in one text, with their size."""
    with tempfile.TemporaryDirectory() as directory:
        checkpoint.write(directory + "/state")
        names = sorted(os.listdir(directory))
        size = sum(os.path.getsize(os.path.join(directory, name)) for name in names)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name in names:
                tar.add(os.path.join(directory, name), name)
    return {"pickle": base64.b64encode(packed.getvalue()).decode(), "bytes": size}


def _load(checkpoint: tf.train.Checkpoint, state: dict) -> None:
    with tempfile.TemporaryDirectory() as directory:
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(state["pickle"]))) as tar:
            tar.extractall(directory, filter="data")
        checkpoint.read(directory + "/state").assert_consumed()


def read(job: Job):
    tf.random.set_seed(job.seed)
    saved = None if job.start is None else job.own_state
    epoch = 0 if saved is None else saved["epoch"]
    while job.epochs == 0 or epoch < job.epochs:
        iterator = iter(_dataset(job, epoch))
        checkpoint = tf.train.Checkpoint(iterator=iterator)
        if saved is not None:
            _load(checkpoint, saved["files"])
            saved = None
        for keys in iterator:
            yield Step(
                epoch,
                [key.decode() for key in keys.numpy()],
                lambda: {"epoch": epoch, "files": _save(checkpoint)},
                state_bytes=lambda state: state["files"]["bytes"],
            )
        epoch += 1


if __name__ == "__main__":
    serve(version=tf.__version__, notes=_NOTES, read=read, prepare=prepare, many_jobs=True)
