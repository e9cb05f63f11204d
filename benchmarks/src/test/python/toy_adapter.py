"""A loader small enough to be seen through, which keeps every promise, or breaks one on purpose.

The name that it is called by says which: ``toy-honest``, ``toy-drops`` and so on (links to this file).
"""

import json
import os
import random
import sys
import tarfile

FAULT = os.path.basename(sys.argv[0])[len("toy-") :]


def say(line):
    print(json.dumps(line), flush=True)


def keys(data):
    found = []
    for name in sorted(os.listdir(data)):
        with tarfile.open(os.path.join(data, name)) as tar:
            found += [m.name[: -len(".cls")] for m in tar if m.name.endswith(".cls")]
    return found


def order(data, seed, epoch):
    found = keys(data)
    if FAULT == "unseeded":
        seed = random.random()
    if FAULT == "constant":
        seed, epoch = 0, 0
    random.Random(f"{seed} {epoch}").shuffle(found)
    if FAULT == "drops":
        found[5] = found[6]
    if FAULT == "ghost":
        found[5] = "nobody"
    return found


def batches(job):
    """The whole run's batches of this rank, from the beginning: (epoch, ids)."""
    batch, world, rank = job["batch"], job["world"], job["rank"]
    if FAULT == "by-world":
        job = {**job, "seed": job["seed"] + 1000 * world}
    epoch = 0
    while job["epochs"] == 0 or epoch < job["epochs"]:
        ids = order(job["data"], job["seed"], epoch)
        if FAULT == "by-workers":
            ids = ids[job["workers"] :] + ids[: job["workers"]]
        size = batch * world
        steps = len(ids) // size
        if FAULT == "uneven-steps" and rank == 0:
            steps += 1
        for step in range(steps):
            yield epoch, (ids * 2)[step * size + rank * batch : step * size + (rank + 1) * batch]
        epoch += 1


def mixed(job, done):
    """Rows of each source by largest remainder, from the counts that the state holds."""
    taken = list(done)
    sources = [order(part["data"], job["seed"] + i, 0) for i, part in enumerate(job["mix"])]
    weights = [part["weight"] for part in job["mix"]]
    dice = random.Random(job["seed"] + sum(taken))
    while True:
        rows = []
        for _ in range(job["batch"] * job["world"]):
            here = [w * (len(rows) + 1) - sum(1 for s, _ in rows if s == i) for i, w in enumerate(weights)]
            pick = here.index(max(here)) if FAULT != "random-mix" else int(dice.random() < weights[1])
            rows.append((pick, sources[pick][taken[pick] % len(sources[pick])]))
            taken[pick] += 1
        first = job["rank"] * job["batch"]
        yield 0, [key for _, key in rows[first : first + job["batch"]]], list(taken)


def run(job):
    start = job["start"]
    state = start["states"][0] if start else {"samples": 0, "taken": [0, 0]}
    if job.get("mix"):
        if FAULT == "forgets-mix" and start:
            state["taken"] = [0, 0]
        steps = ((e, ids, {"samples": 0, "taken": t}) for e, ids, t in mixed(job, state["taken"]))
    else:
        size = job["batch"] * job["world"]
        skipped = state["samples"] // size + (1 if FAULT == "skips-one" and start else 0)
        if FAULT == "by-rank" and start and start["world"] != job["world"]:
            return say({"unsupported": "a state fits its own number of ranks"})
        steps = (
            (e, ids, {"samples": (i + 1) * size, "taken": [0, 0], **({"pad": "x" * i} if FAULT == "grows" else {})})
            for i, (e, ids) in enumerate(batches(job))
            if i >= skipped
        )
    count = 0
    for epoch, ids, state in steps:
        count += 1
        if FAULT == "dies" and count == 3:
            sys.exit("the toy is broken")
        wanted = job["states"] == "all" or (job["states"] == "last" and count == job["steps"])
        if wanted and FAULT == "stateless":
            return say({"unsupported": "it has no state"})
        if FAULT == "hangs" and count == 2:
            sys.stdin.read()
        say({"epoch": epoch, "ids": ids, **({"state": state} if wanted else {})})
        if count == job["steps"]:
            break
    say({"done": True})


print("libraries print what they like")
say({"ready": {"version": "1", "notes": ["a toy"], "many_jobs": True}})
for line in sys.stdin:
    job = json.loads(line)
    say({"done": True}) if job["op"] == "prepare" else run(job)
