"""The order through the real sidecar: the same steps on any world, states that fit any other, mixtures."""

import io
import json
import random
import tarfile

import numpy as np
import pytest

import penstock

from . import real

SHARDS, SAMPLES, PAYLOAD = 4, 150, 200
WORLDS = [1, 2, 3, 4, 6, 8, 12, 24]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Three datasets; the numbers of their samples say which they are of."""
    directory = tmp_path_factory.mktemp("order")
    for name, first in (("web", 0), ("code", 10_000), ("math", 20_000)):
        (directory / name).mkdir()
        for shard in range(SHARDS):
            numbers = range(first + shard * SAMPLES, first + (shard + 1) * SAMPLES)
            real.write_archive(directory / name / f"{shard}.tar", numbers, PAYLOAD)
    return directory


def loader(served, dataset, batch_size, **options):
    options = {"rank": 0, "world_size": 1, "fields": ["cls:int"], "seed": 7, "epochs": 2, **options}
    return penstock.Loader(dataset, batch_size, run_dir=served.run_dir, **options)


def run(served, dataset, global_batch, world, state=None, steps=None, **options):
    """The keys of each step over all ranks, rank after rank, and the state that every rank saved at the end."""
    rows, states, ids = {}, set(), set()
    for rank in range(world):
        with loader(served, dataset, global_batch // world, rank=rank, world_size=world, **options) as one:
            if state is not None:
                one.load_state_dict(json.loads(json.dumps(state)))
            ids.add(one.plan["order_id"])
            for batch in one:
                rows.setdefault(batch.step, []).extend(batch.keys)
                if steps is not None and batch.step + 1 >= steps:
                    break
            states.add(json.dumps(one.state_dict()))
    assert len(states) == 1 and len(ids) == 1, "ranks agree"
    return rows, json.loads(states.pop())


@pytest.mark.parametrize("multiple", [1, 2])
def test_every_world_has_the_same_steps_and_takes_up_any_other(served, data, multiple):
    batch = 24 * multiple
    whole, _ = run(served, str(data / "web"), batch, 1)
    assert len(whole) == 2 * (SHARDS * SAMPLES // batch)
    chosen = random.Random(multiple)
    for world in WORLDS:
        first, state = run(served, str(data / "web"), batch, world, steps=(cut := chosen.randrange(1, len(whole) - 1)))
        assert len(first) == cut
        rest, _ = run(served, str(data / "web"), batch, chosen.choice(WORLDS), state)
        assert first | rest == whole
        assert len(json.dumps(state)) < 1000


def mix(data, web, code, **rest):
    return [
        {"dataset": str(data / "web"), "weight": web},
        {"dataset": str(data / "code"), "weight": code},
        {"dataset": str(data / "math"), "weight": 1, **rest},
    ]


def test_mixtures_are_exact_on_every_world(served, data):
    options = {"mix": mix(data, 2, 1), "epochs": 1}
    whole, _ = run(served, None, 48, 1, **options)
    for keys in whole.values():
        assert np.bincount([int(key) // 10_000 for key in keys]).tolist() == [24, 12, 12]
    for world in (2, 6, 24):
        first, state = run(served, None, 48, world, steps=world, **options)
        rest, _ = run(served, None, 48, {2: 3, 6: 8, 24: 1}[world], state, **options)
        assert first | rest == whole


def test_each_row_says_its_source(served, data):
    with loader(served, None, 48, mix=mix(data, 2, 1, name="sums"), epochs=None) as one:
        assert one.plan["sources"] == ["web", "code", "sums"]
        batches = 0
        for batch in one:
            assert [int(key) // 10_000 for key in batch.keys] == batch.sources.tolist()
            batches += 1
        assert batches == len(one) == 3 * SHARDS * SAMPLES // 48, "an iteration is an epoch of the mixture"


def test_other_weights_hold_from_the_next_batch_or_the_loaded_state(served, data):
    def shares(batch):
        return np.bincount(batch.sources, minlength=3).tolist()

    with loader(served, None, 48, mix=mix(data, 2, 1)) as one:
        batches = iter(one)
        assert shares(next(batches)) == [24, 12, 12]
        state = one.state_dict()
        one.set_mix(mix(data, 0, 2))
        changed = [(shares(batch), batch.keys) for batch, _ in zip(one, range(5))]
        assert [counts for counts, _ in changed] == [[0, 32, 16]] * 5
    with loader(served, None, 48, mix=mix(data, 0, 2)) as other:
        other.load_state_dict(state)
        assert [batch.keys for batch, _ in zip(other, range(5))] == [keys for _, keys in changed]
    with loader(served, str(data / "web"), 48) as one, pytest.raises(ValueError, match="not a mixture"):
        one.set_mix(mix(data, 1, 1))


def test_a_used_up_source_stops_or_hands_over(served, data):
    finite = mix(data, 1, 1, epochs=1)
    stopped, _ = run(served, None, 24, 2, mix=finite, epochs=9)
    on, _ = run(served, None, 24, 3, mix=finite, used_up="hand_over", epochs=9)
    assert 70 < len(stopped) <= 75 and len(on) == 9 * 75
    assert all(on[step] == keys for step, keys in stopped.items())
    assert all(int(key) < 20_000 for step, keys in on.items() if step >= len(stopped) for key in keys)


@pytest.mark.parametrize("wrong, why", [
    ([{"dataset": "x", "weight": "much"}], "weight"),
    ([{"dataset": "x", "weight": 1, "colour": "red"}], "colour"),
    ([{"weight": 1, "parts": [{"dataset": "x", "weight": -1}]}], "-1"),
])
def test_wrong_parts_are_refused(served, wrong, why):
    with loader(served, None, 24, mix=wrong) as one, pytest.raises(penstock.SidecarError, match=why):
        len(one)


def test_a_dataset_or_a_mixture():
    for dataset, parts in ((None, None), ("x", {"y": 1.0}), (None, []), (None, [{"weight": 1}])):
        with pytest.raises(ValueError):
            penstock.Loader(dataset, 8, rank=0, world_size=1, mix=parts)


def keys(served, dataset, batch_size=24, state=None, **options):
    with loader(served, dataset, batch_size, **{"epochs": 1, **options}) as one:
        if state is not None:
            one.load_state_dict(state)
        return [key for batch in one for key in batch.keys]


def test_filters_and_splits(served, data, tmp_path, monkeypatch):
    web = str(data / "web")
    everything = keys(served, web, end="pad", shuffle="none")
    train = keys(served, web, 1, filter="split:..0.8,seed=3", shuffle="none")
    valid = keys(served, web, 1, filter=["split:0.8..,seed=3"], shuffle="none")
    assert sorted(train + valid) == sorted(everything) and 0.7 < len(train) / 600 < 0.9
    (tmp_path / "list.txt").write_text("\n".join(everything[10:70]))
    monkeypatch.chdir(tmp_path)
    assert keys(served, web, 1, filter="keys:@list.txt", shuffle="none") == everything[10:70]
    assert set(keys(served, web, 1, filter=["!keys:@list.txt", "range:..100"])) == set(everything[:10] + everything[70:100])
    with pytest.raises(penstock.SidecarError, match="none of the 600"):
        keys(served, web, filter="has:png")
    both = [{"dataset": web, "weight": 1, "filter": "range:..48"}, {"dataset": web, "weight": 1, "filter": "range:300.."}]
    drawn = keys(served, None, mix=both)
    assert all(int(key) < 48 or int(key) >= 300 for key in drawn) and len(drawn) == 336


def test_skip_and_rewind(served, data):
    whole, _ = run(served, str(data / "web"), 24, 1)
    with loader(served, str(data / "web"), 24) as one:
        one.skip(3)
        got = [batch.step for _, batch in zip(range(4), one)]
        assert got == [3, 4, 5, 6]
        one.rewind(5)
        state = one.state_dict()
        again = {batch.step: batch.keys for batch in one}
    assert state["cursor"]["step"] == 2
    assert again == {step: rows for step, rows in whole.items() if step >= 2}


def test_ranks_with_another_order_fail_before_the_first_step(served, data):
    with loader(served, str(data / "web"), 24) as one:
        order_id = one.order_id
    with loader(served, str(data / "web"), 12, rank=1, world_size=2, order_id=order_id) as other:
        assert next(iter(other)).rows == 12
    with loader(served, str(data / "web"), 24, seed=8, order_id=order_id) as wrong:
        with pytest.raises(penstock.SidecarError, match="order id is"):
            len(wrong)


def test_shards_may_be_appended(served, data, tmp_path):
    def write(shard):
        real.write_archive(tmp_path / f"{shard}.tar", range(100 * shard, 100 * shard + 100), PAYLOAD)

    for shard in range(3):
        write(shard)
    old, state = run(served, str(tmp_path), 25, 1, steps=5)
    rest_of_epoch = [key for step, rows in run(served, str(tmp_path), 25, 1)[0].items() if 5 <= step < 12 for key in rows]
    write(3)
    grown, _ = run(served, str(tmp_path), 25, 1, state)
    assert [key for step in range(5, 12) for key in grown[step]] == rest_of_epoch
    assert sorted(int(key) for step in range(12, 28) for key in grown[step]) == list(range(400))
    (tmp_path / "0.tar").unlink()
    with pytest.raises(penstock.SidecarError, match="first 3 are not those|not replaced or taken away") as refused:
        run(served, str(tmp_path), 25, 1, state)
    assert refused.value.kind == "cursor"


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """600 documents of 1 to 300 tokens, raw uint16 or npy; the first token is the number of the document."""
    directory = tmp_path_factory.mktemp("text")
    lengths = np.random.default_rng(3).integers(1, 300, 600)
    for shard in range(4):
        with tarfile.open(directory / f"{shard}.tar", "w") as tar:
            for number in range(150 * shard, 150 * shard + 150):
                ids = np.full(lengths[number], number, np.uint16)
                buffer = io.BytesIO()
                np.save(buffer, ids)
                for name, data in (("ids", ids.tobytes()), ("ids.npy", buffer.getvalue())):
                    info = tarfile.TarInfo(f"{number:04d}.{name}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
    return str(directory), lengths


@pytest.mark.parametrize("field", ["ids", "ids.npy"])
@pytest.mark.parametrize("rule", ["first-fit", "best-fit"])
def test_packs(served, text, rule, field):
    dataset, lengths = text
    seen, full = [], 0
    options = {"fields": [f"{field}:u16[]"], "batching": f"{rule}:{field}:512", "epochs": 1}
    with loader(served, dataset, 4, **options) as one:
        for batch in one:
            packs = batch.packed(field, 512, pad=9999)
            assert packs.values.shape == packs.document_ids.shape == packs.position_ids.shape == (4, 512)
            for number in range(4):
                ends = packs.cu_seqlens[number]
                for i, row in enumerate(packs.rows[number]):
                    key = int(batch.keys[row])
                    piece = slice(ends[i], ends[i + 1])
                    assert ends[i + 1] - ends[i] == lengths[key]
                    assert (packs.values[number, piece] == key).all() and (packs.document_ids[number, piece] == i).all()
                    assert packs.position_ids[number, piece].tolist() == list(range(lengths[key]))
                assert (packs.values[number, ends[-1] :] == 9999).all() and (packs.document_ids[number, ends[-1] :] == -1).all()
                full += int(ends[-1])
            assert batch[field].offsets[-1] == sum(lengths[int(key)] for key in batch.keys)
            seen += batch.keys
            steps = batch.step + 1
        assert len(one) == pytest.approx(steps, abs=4)
    assert len(set(seen)) == len(lengths) and full / (steps * 4 * 512) > 0.9


@pytest.mark.parametrize("rule", ["first-fit:ids:512", "best-fit:ids:700", "bucket:ids", "tokens:ids:{tokens}"])
def test_batches_by_lengths_are_the_same_on_every_world(served, text, rule):
    dataset, lengths = text

    def steps(world, state=None, count=None):
        batching = rule.format(tokens=9600 // world)
        return run(served, dataset, 24, world, state, count, fields=["ids:u16[]"], batching=batching)

    whole, _ = steps(1)
    for world in (2, 8, 24):
        first, state = steps(world, count=3)
        rest, _ = steps({2: 6, 8: 1, 24: 4}[world], state)
        assert first | rest == whole
        assert state["cursor"]["grouping"]["taken"] > 0
    for keys in whole.values():
        if rule == "bucket:ids":
            assert len(keys) == 24
        if rule.startswith("tokens"):
            assert len(keys) % 24 == 0
            assert len(keys) == 24 or len(keys) * max(lengths[int(key)] for key in keys) <= 9600
    with loader(served, dataset, 24, fields=["ids:u16[]"], batching=rule.format(tokens=9600)) as one:
        one.skip(5)
        one.rewind(2)
        assert {batch.step: batch.keys for batch in one} == {step: keys for step, keys in whole.items() if step >= 3}


@pytest.mark.parametrize("options, why", [
    ({"batching": "first-fit:ids"}, "0 tokens"),
    ({"batching": "worst-fit:ids:9"}, "worst-fit"),
    ({"batching": "bucket:ids", "fields": ["ids"]}, "ids:u16"),
    ({"batching": "bucket:ids", "fields": ["ids.npy"]}, "not delivered"),
    ({"batching": "first-fit:ids:99", "on_bad": "replace"}, "replace"),
    ({"batching": "bucket:ids", "end": "pad"}, "pad"),
])
def test_wrong_batching_is_refused(served, text, options, why):
    with loader(served, text[0], 8, **{"fields": ["ids:u16[]"], **options}) as one:
        with pytest.raises(penstock.SidecarError, match=why):
            len(one)
