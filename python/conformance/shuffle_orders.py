"""Orders of two epochs by other loaders' own code, for ``penstock bench shuffle``.

Usage: shuffle_orders.py LOADER DIRECTORY SHARDS SEED. SHARDS is a JSON list of samples a shard. Writes an array of 32-bit
numbers an epoch (the stored number of the sample at each place) and prints a JSON list of {name, about, epochs}.
"""

import json
import sys

import numpy as np

EPOCHS = 2


def webdataset(shards, seed):
    """Its deterministic shuffle of shards, then its buffer of samples, at the sizes its documents show."""
    from webdataset.filters import detshuffle

    starts = np.concatenate([[0], np.cumsum(shards)])

    def order(buffer):
        by_shard, by_sample = detshuffle(100, seed=seed), detshuffle(buffer, seed=seed)

        def samples():
            for shard in by_shard.run(iter(range(len(shards)))):
                yield from range(starts[shard], starts[shard + 1])

        return [np.fromiter(by_sample.run(samples()), np.int32) for _ in range(EPOCHS)]

    yield "webdataset", "shuffle of shards (100) and a buffer of 1,000 samples, one worker", order(1000)
    yield "webdataset, 10,000", "the same with a buffer of 10,000 samples", order(10_000)


def streaming(shards, seed):
    """Its shuffles of one canonical node with the default block."""
    from streaming.base.shuffle import get_shuffle_py1br, get_shuffle_py1e

    sizes = np.array(shards, np.int64)
    for name, shuffle in (("py1e", get_shuffle_py1e), ("py1br", get_shuffle_py1br)):
        orders = [shuffle(sizes, 1, seed, epoch, 1 << 18) for epoch in range(EPOCHS)]
        yield f"streaming {name}", "one canonical node, block of 262,144", orders


def grain(shards, seed):
    """Its shuffle over the whole index."""
    from grain import MapDataset

    n = sum(shards)
    epochs = MapDataset.range(n).seed(seed).shuffle().repeat(EPOCHS)
    yield "grain", "MapDataset.shuffle(), over all samples", [
        np.fromiter((epochs[epoch * n + i] for i in range(n)), np.int32) for epoch in range(EPOCHS)
    ]


if __name__ == "__main__":
    loader, directory, shards, seed = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
    found = []
    for number, (name, about, orders) in enumerate(globals()[loader](shards, seed)):
        paths = [f"{directory}/{loader}-{number}-{epoch}" for epoch in range(EPOCHS)]
        for path, order in zip(paths, orders):
            np.asarray(order).astype("<i4").tofile(path)
        found.append({"name": name, "about": about, "epochs": paths})
    print(json.dumps(found))
