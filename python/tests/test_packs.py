"""Packs of the real sidecar beside golden/packs-v1.json, which Java's PacksTest compares with as well.

To write it anew: PENSTOCK_GOLDEN=write python/run-tests -k packs
"""

import io
import json
import os
import tarfile

import numpy as np
import pytest

import penstock

from . import real

GOLDEN = os.path.join(os.path.dirname(__file__), "golden", "packs-v1.json")
TOKENS, PACKS, PAD = 64, 3, 9999
RULES = ["first-fit:ids:64", "best-fit:ids:64,longer=split"]


def document(number):
    return ((number * 100 + np.arange(number * 37 % 90 + 1)) % 65536).astype("<u2")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Two shards of 60 documents of 1 to 90 tokens, as PacksTest writes them."""
    directory = tmp_path_factory.mktemp("packs")
    for shard in range(2):
        with tarfile.open(directory / f"{shard}.tar", "w") as tar:
            for number in range(60 * shard, 60 * shard + 60):
                data = document(number).tobytes()
                info = tarfile.TarInfo(f"{number:04d}.ids")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return str(directory)


def batches(served, text, rule):
    options = {"rank": 0, "world_size": 1, "seed": 5, "epochs": 1, "fields": ["ids:u16[]"], "batching": rule}
    with penstock.Loader(text, PACKS, run_dir=served.run_dir, **options) as loader:
        for batch in loader:
            packs = batch.packed("ids", TOKENS, pad=PAD)
            yield {
                "keys": batch.keys,
                "starts": batch.starts.tolist(),
                "values": packs.values.tolist(),
                "document_ids": packs.document_ids.tolist(),
                "position_ids": packs.position_ids.tolist(),
                "cu_seqlens": [ends.tolist() for ends in packs.cu_seqlens],
            }


def test_packs_are_those_of_the_golden_file(served, text):
    found = {rule: list(batches(served, text, rule)) for rule in RULES}
    if os.environ.get("PENSTOCK_GOLDEN") == "write":
        with open(GOLDEN, "w", encoding="utf-8") as file:
            json.dump(found, file, separators=(",", ":"))
            file.write("\n")
    with open(GOLDEN, encoding="utf-8") as file:
        assert json.load(file) == found


def test_split_documents_have_each_token_once(served, text):
    seen = {}
    for batch in batches(served, text, RULES[1]):
        row = 0
        for values, ends in zip(batch["values"], batch["cu_seqlens"]):
            for a, b in zip(ends, ends[1:]):
                seen.setdefault(int(batch["keys"][row]), {})[batch["starts"][row]] = values[a:b]
                row += 1
        assert row == len(batch["keys"])
    assert len(seen) == 120 and any(len(pieces) > 1 for pieces in seen.values())
    for number, pieces in seen.items():
        assert sum((pieces[start] for start in sorted(pieces)), []) == document(number).tolist()


@pytest.mark.parametrize("longer, why", [("refuse", "tokens, more than the 64"), ("cut", "longer=truncate, split, drop or refuse")])
def test_long_documents_are_refused_by_name(served, text, longer, why):
    with pytest.raises(penstock.SidecarError, match=why):
        list(batches(served, text, f"first-fit:ids:64,longer={longer}"))
