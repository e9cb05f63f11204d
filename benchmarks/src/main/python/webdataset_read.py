"""Reads tar shards as webdataset does and prints what it cost, in JSON: webdataset_read.py SHARD..."""

import json
import resource
import sys
import time

import webdataset


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(shards):
    wall, cpu = time.monotonic(), cpu_seconds()
    samples = payload = 0
    for sample in webdataset.WebDataset(shards, shardshuffle=False, empty_check=False):
        samples += 1
        payload += sum(len(value) for name, value in sample.items() if not name.startswith("__"))
    print(
        json.dumps(
            {
                "samples": samples,
                "bytes": payload,
                "seconds": time.monotonic() - wall,
                "cpu_seconds": cpu_seconds() - cpu,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1:])
