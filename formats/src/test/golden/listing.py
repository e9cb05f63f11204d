#!/usr/bin/env python3
"""Lists what the reference readers find in a shard, a line per field:

    file, number of the sample, key, field (as JSON strings), kind, number of values, length, SHA-256

    listing.py [--reader tarfile|webdataset|tensorflow] [--compression GZIP] SHARD

Prints `missing: PACKAGE` and exits with 3 when the reader is not installed. For tests that hold our own
reading against it, `differences(path, lines)` compares a listing in this form with webdataset's.
"""

import argparse
import hashlib
import json
import os
import sys
import tarfile


def line(file, sample, key, field, kind, count, data):
    names = [json.dumps(key), json.dumps(field)]
    return "\t".join([file, str(sample), *names, kind, str(count), str(len(data)), hashlib.sha256(data).hexdigest()])


def webdataset_samples(path):
    """What webdataset finds: (key, {field: bytes}) in order."""
    from webdataset import tariterators

    for sample in tariterators.tarfile_samples([{"url": str(path)}]):
        yield sample["__key__"], {name: data for name, data in sample.items() if not name.startswith("__")}


def tensorflow_samples(path, compression=""):
    """What TensorFlow finds: {field: (kind, count, little-endian bytes)} in order."""
    import numpy
    import tensorflow as tf

    for record in tf.data.TFRecordDataset(str(path), compression_type=compression):
        example = tf.train.Example.FromString(record.numpy())
        fields = {}
        for name, feature in example.features.feature.items():
            kind = feature.WhichOneof("kind")
            if kind == "bytes_list":
                values = feature.bytes_list.value
                fields[name] = ("BYTES", len(values), b"".join(values))
            elif kind == "int64_list":
                fields[name] = ("INT64_LIST", len(feature.int64_list.value), numpy.array(feature.int64_list.value, "<i8").tobytes())
            elif kind == "float_list":
                fields[name] = ("FLOAT_LIST", len(feature.float_list.value), numpy.array(feature.float_list.value, "<f4").tobytes())
        yield fields


def webdataset_lines(path):
    file = os.path.basename(path)
    for sample, (key, fields) in enumerate(webdataset_samples(path)):
        for field, data in fields.items():
            yield line(file, sample, key, field, "BYTES", 1, data)


def tensorflow_lines(path, compression=""):
    file = os.path.basename(path)
    stem = file[: -len(".tfrecord")] if file.endswith(".tfrecord") else file
    for sample, fields in enumerate(tensorflow_samples(path, compression)):
        for field in sorted(fields):
            yield line(file, sample, f"{stem}/{sample:08d}", field, *fields[field])


def tarfile_lines(path):
    """A line per regular member, the member's name in place of key and field: for plain tarfile."""
    with tarfile.open(path) as archive:
        for number, member in enumerate(archive):
            data = archive.extractfile(member).read()
            yield line(os.path.basename(path), number, member.name, "", "BYTES", 1, data)


def differences(path, lines):
    """The lines that only webdataset (-) or only the given listing (+) has, and the first disorder."""
    theirs, ours = list(webdataset_lines(path)), list(lines)
    found = [f"- {one}" for one in theirs if one not in set(ours)] + [f"+ {one}" for one in ours if one not in set(theirs)]
    if not found and theirs != ours:
        first = next(i for i, pair in enumerate(zip(theirs, ours)) if pair[0] != pair[1])
        found.append(f"order differs from line {first}: {theirs[first]} / {ours[first]}")
    return found


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--reader", choices=("tarfile", "webdataset", "tensorflow"), default="webdataset")
    options.add_argument("--compression", default="")
    options.add_argument("shard")
    chosen = options.parse_args()
    try:
        if chosen.reader == "tensorflow":
            lines = tensorflow_lines(chosen.shard, chosen.compression)
        else:
            lines = webdataset_lines(chosen.shard) if chosen.reader == "webdataset" else tarfile_lines(chosen.shard)
        for one in lines:
            print(one)
    except ModuleNotFoundError as missing:
        print(f"missing: {missing.name}")
        sys.exit(3)


if __name__ == "__main__":
    main()
