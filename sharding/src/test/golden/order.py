#!/usr/bin/env python3
"""Recomputes the golden vectors of docs/order.md from its text, independently of the Java code.

    order.py FILE        compares FILE with what the specification gives; exit code 1 if it differs
    order.py --write FILE

Needs Python 3.9 and nothing else. It is written for clarity: lists and searches, no closed forms.
"""
import sys
from fractions import Fraction
from math import isqrt

M64 = (1 << 64) - 1
M32 = (1 << 32) - 1
GAMMA = 0x9E3779B97F4A7C15
SHARD_ORDER, EXTENT_ORDER, WINDOW, GLOBAL_ORDER, ORDER_ID, SPLIT, MIX_SOURCE = 1, 2, 3, 4, 5, 6, 7
ARRIVAL_SHARDS, ARRIVAL_WINDOW = 9, 10


# --- 1. Words, keys, shuffles -------------------------------------------------------------------
def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


def absorb(key, word):
    return mix(((key ^ (word & M64)) + GAMMA) & M64)


def key(*words):
    k = 0
    for word in words:
        k = absorb(k, word)
    return k


def text_key(seed, purpose, text):
    utf16 = text.encode("utf-16-le")
    units = [utf16[i] | utf16[i + 1] << 8 for i in range(0, len(utf16), 2)]
    return key(seed, purpose, len(units), *units)


def shuffled(items, k):
    items = list(items)
    state = k
    for i in range(len(items) - 1, 0, -1):
        state = (state + GAMMA) & M64
        j = (mix(state) * (i + 1)) >> 64
        items[i], items[j] = items[j], items[i]
    return items


# --- 2. The block order -------------------------------------------------------------------------
def lane_start(n, L, lane):
    return lane * (n // L) + min(lane, n % L)


def extents(counts, closed, seed, L, C, E):
    """A list of groups, each a list of extents, each a list of sample numbers."""
    n = sum(counts)
    first = [sum(counts[:s]) for s in range(len(counts))]
    order = list(range(len(counts)))
    if C > 1:
        order = shuffled(order, key(seed, SHARD_ORDER, 0))
    base = [(s, o) for s in order for o in range(counts[s])]
    borders = [lane_start(n, L, g * (L // C)) for g in range(1, C)]
    groups = [[] for _ in range(C)]
    previous = None
    for place, (s, o) in enumerate(base):
        g = sum(1 for border in borders if border <= place)
        piece = (g, s, 0 if closed[s] else o // E)
        if piece != previous:
            groups[g].append([])
            previous = piece
        groups[g][-1].append(first[s] + o)
    return groups


def block_epoch(counts, closed, seed, L, k, C, E, epoch):
    """The samples of an epoch in the order of their indexes."""
    sequence = []
    for g, group in enumerate(extents(counts, closed, seed, L, C, E)):
        for extent in shuffled(group, key(seed, EXTENT_ORDER, epoch, g)):
            sequence += extent
    n = len(sequence)
    out = [None] * n
    for lane in range(L):
        lane_items = sequence[lane_start(n, L, lane):lane_start(n, L, lane + 1)]
        d = lane * k // L
        i = 0
        while i < len(lane_items):
            v = (i + d) // k
            items = lane_items[i:(v + 1) * k - d]
            tau = shuffled(range(len(items)), key(seed, WINDOW, epoch, lane, v))
            for j, t in enumerate(tau):
                out[(i + j) * L + lane] = items[t]
            i += len(items)
    return out


# --- 3. The global order ------------------------------------------------------------------------
def hash32(z, k1, k2):
    x = z ^ k1
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & M32
    x = ((x ^ (x >> 15) ^ k2) * 0x846CA68B) & M32
    return x ^ (x >> 16)


def global_at(n, seed, epoch, index):
    a = isqrt(n - 1) + 1
    b = (n + a - 1) // a
    x = index
    while True:
        u, v = divmod(x, a)
        for r in range(8):
            k = key(seed, GLOBAL_ORDER, epoch, r)
            if r % 2 == 0:
                u = (u + (hash32(v, k >> 32, k & M32) * b >> 32)) % b
            else:
                v = (v + (hash32(u, k >> 32, k & M32) * a >> 32)) % a
        x = u * a + v
        if x < n:
            return x


# --- 4. Steps and ranks -------------------------------------------------------------------------
def step_rows(n, G, L, end, epoch, index):
    """The rows of a step as (lane, epoch, unwrapped index, index, valid), in the order of ranks."""
    rows = []
    for q in range(index, index + G):
        if end == "CARRY":
            rows.append((q % n % L, epoch + q // n, q % n, q % n, 1))
        else:
            rows.append((q % n % L, epoch, q, q % n, int(q < n)))
    return sorted(rows)


def order_id(text):
    return "%016x%016x" % (text_key(0, ORDER_ID, text), text_key(1, ORDER_ID, text))


# --- 5. Mixtures --------------------------------------------------------------------------------
def quotas(weights, Q):
    exact = [w / sum(weights) * Q for w in weights]
    out = [int(x) for x in exact]
    rest = sorted(range(len(out)), key=lambda d: (-(exact[d] - out[d]), d))
    for d in rest[:Q - sum(out)]:
        out[d] += 1
    return out


def pattern(weights, G, L):
    Q = max(G, L)
    while any(w > 0 and q == 0 for w, q in zip(weights, quotas(weights, Q))):
        Q *= 2
    rows = [(Fraction(2 * x + 1, 2 * q), d)
            for d, q in enumerate(quotas(weights, Q)) for x in range(q)]
    return [d for _, d in sorted(rows)]


def mixture(sources, seed, G, L, schedule, steps):
    """The rows of each step as (lane, p, source, epoch, index, sample), until sources run out.

    sources: (counts, epochs, k, E); schedule: (row, weights); what is used up hands over.
    """
    changes, weights = dict(schedule), None
    read = [[0] * len(sources) for _ in range(L)]
    orders = {}

    def sample(d, epoch, index):
        counts, _, k, E = sources[d]
        if (d, epoch) not in orders:
            orders[d, epoch] = block_epoch(counts, [0] * len(counts), key(seed, MIX_SOURCE, d), L,
                                           k, 1, E, epoch)
        return orders[d, epoch][index]

    p, out = 0, []
    while len(out) < steps:
        if p in changes:
            weights, turns = changes[p], [0] * L
        B = pattern(weights, G, L)
        rows, seen, used = [], [list(lane) for lane in read], set()
        ahead = list(turns)
        for row in range(p, p + G):
            lane = row % L
            d = B[(ahead[lane] + lane * len(B) // L) % len(B)]
            ahead[lane] += 1
            epoch, i = divmod(seen[lane][d], sum(sources[d][0]) // L)
            seen[lane][d] += 1
            if sources[d][1] and epoch >= sources[d][1]:
                used.add(d)
            rows.append((lane, row, d, epoch, i * L + lane))
        if used:
            weights = [0 if d in used else w for d, w in enumerate(weights)]
            changes.pop(p, None)
            turns = [0] * L
            if not any(weights):
                break
            continue
        out.append([row + (sample(*row[2:]),) for row in sorted(rows)])
        read, turns = seen, ahead
        p += G
    return out


# --- 10. Arrival --------------------------------------------------------------------------------
def arrival_windows(shard, sizes, part, parts, seed, L, k, W, epoch, place):
    """The windows of a shard, each the ordinals of one rank in the order in which it gives them."""
    ordinal, offset = 0, 0
    while ordinal < len(sizes):
        samples, size = k, W
        if epoch == 0 and place < L:
            samples = max(-(-k * (L + place) // (16 * L)), min(k, ordinal))
            size = max(-(-W * (L + place) // (16 * L)), min(W, offset))
        first, start, items = ordinal, offset, []
        while ordinal < len(sizes):
            own = ordinal % parts == part
            if items and (own and len(items) == samples or offset + sizes[ordinal] - start > size):
                break
            items += [ordinal] if own else []
            offset += sizes[ordinal]
            ordinal += 1
        if items:
            yield shuffled(items, key(seed, ARRIVAL_WINDOW, epoch, shard, first))


def arrival(shards, seed, rank, world, L, k, W, rows):
    """The first rows of a rank as (pass, shard, ordinal); shards is a list of lists of sizes."""
    stride = min(world, len(shards))
    first, part = rank % stride, rank // stride
    parts = sum(1 for other in range(world) if other % stride == first)
    out, epoch = [], 0
    while len(out) < rows:
        own = shuffled(range(len(shards)), key(seed, ARRIVAL_SHARDS, epoch))[first::stride]
        waiting, lanes, turn = list(enumerate(own)), [None] * L, 0
        while waiting or any(lanes):
            while lanes[turn] or waiting:
                if not lanes[turn]:
                    place, shard = waiting.pop(0)
                    windows = arrival_windows(
                        shard, shards[shard], part, parts, seed, L, k, W, epoch, place)
                    lanes[turn] = (shard, iter([o for window in windows for o in window]))
                shard, samples = lanes[turn]
                ordinal = next(samples, None)
                if ordinal is not None:
                    out.append((epoch, shard, ordinal))
                    break
                lanes[turn] = None
            turn = (turn + 1) % L
        epoch += 1
    return out[:rows]


def arrival_sizes(counts):
    """Sizes that differ from sample to sample."""
    return [[1 + (7 * s + 3 * o) % 11 for o in range(count)] for s, count in enumerate(counts)]


# --- The vectors --------------------------------------------------------------------------------
BLOCKS = [
    # counts, closed, seed, L, k, C, E
    ([10], [0], 0, 1, 1, 1, 3),
    ([10], [0], 1, 1, 10, 1, 10),
    ([7, 0, 5, 11], [0, 0, 0, 0], 7, 4, 3, 1, 2),
    ([7, 0, 5, 11], [1, 0, 0, 1], -1, 4, 4, 2, 2),
    ([40, 33, 27], [0, 1, 0], 9176, 6, 8, 3, 5),
    ([3, 2], [0, 0], 5, 8, 4, 4, 1),
]


MIXTURES = [
    # sources (counts, epochs, k, E), seed, G, L, schedule, steps
    ([([9, 8], 0, 3, 4), ([30], 0, 5, 7)], 11, 8, 4, [(0, [0.3, 0.7])], 5),
    ([([9, 8], 0, 2, 4), ([30], 0, 5, 7), ([6, 0, 6], 1, 2, 2)], 12, 6, 6,
     [(0, [1.0, 1.0, 1.0]), (18, [5.0, 1.0, 2.0])], 12),
    ([([20, 20], 1, 4, 3), ([11], 1, 2, 3)], -7, 5, 10, [(0, [3.0, 1.0])], 12),
]


ARRIVALS = [
    # counts, seed, rank, world, L, k, W, rows
    ([10], 0, 0, 1, 1, 4, 1000, 25),
    ([7, 0, 5, 11], 7, 0, 1, 2, 5, 20, 60),
    ([7, 3, 5, 11, 2], -1, 1, 2, 3, 100, 100, 50),
    ([40, 33], 9176, 3, 5, 4, 6, 1 << 30, 40),
]


def lines():
    out = []
    for words in ([0, 0, 0], [1, 2, 3], [-1, 4, 1 << 40], [7, 3, 0, 5, 9]):
        out.append(["key", *words, "=", "%016x" % key(*words)])
    for text in ("", "n01440764/n01440764_10026", "Überraschung"):
        out.append(["text", 3, SPLIT, text.encode("utf-8").hex() or "-", "=",
                    "%016x" % text_key(3, SPLIT, text)])
    for size, k in ((1, 5), (2, 5), (10, 5), (10, 6), (31, 0)):
        out.append(["shuffle", size, k, "=", *shuffled(range(size), k)])
    for n in (1, 2, 3, 10, 97, 1000):
        out.append(["global", n, 7, 2, "=", *(global_at(n, 7, 2, i) for i in range(min(n, 100)))])
    for n in (1281167, 10**9, (1 << 40) + 1):
        out.append(["global", n, -3, 0, "=", *(global_at(n, -3, 0, i) for i in range(12))])
    for counts, closed, seed, L, k, C, E in BLOCKS:
        for epoch in (0, 1):
            out.append(["block", commas(counts), commas(closed), seed, L, k, C, E, epoch, "=",
                        *block_epoch(counts, closed, seed, L, k, C, E, epoch)])
    for end in ("DROP", "PAD", "CARRY"):
        for n, G, L, index in ((23, 8, 4, 8), (23, 8, 4, 16), (5, 12, 3, 4)):
            if end == "DROP" and index + G > n:
                continue
            rows = step_rows(n, G, L, end, 1, index)
            out.append(["step", n, G, L, end, 1, index, "=",
                        *("%d:%d:%d:%d" % (r[0], r[1], r[3], r[4]) for r in rows)])
    for sources, seed, G, L, schedule, steps in MIXTURES:
        rows = [row for step in mixture(sources, seed, G, L, schedule, steps) for row in step]
        out.append(["mix", ";".join(commas(source[0]) for source in sources),
                    *(commas(source[i] for source in sources) for i in (1, 2, 3)), seed, G, L,
                    ";".join("%d:%s" % (at, commas(weights)) for at, weights in schedule), steps,
                    "=", *("%d:%d:%d:%d" % row[2:] for row in rows)])
    for counts, seed, rank, world, L, k, W, rows in ARRIVALS:
        given = arrival(arrival_sizes(counts), seed, rank, world, L, k, W, rows)
        out.append(["arrival", commas(counts), seed, rank, world, L, k, W, rows, "=",
                    *("%d:%d:%d" % row for row in given)])
    text = "1|abc|BLOCK|DROP|7|1024|256|256|16|600"
    out.append(["id", text, "=", order_id(text)])
    return [" ".join(str(word) for word in line) for line in out]


def commas(numbers):
    return ",".join(str(number) for number in numbers)


def main(arguments):
    if arguments[:1] == ["--write"]:
        with open(arguments[1], "w", encoding="ascii") as file:
            file.write("\n".join(lines()) + "\n")
        return 0
    with open(arguments[0], encoding="ascii") as file:
        found = file.read().splitlines()
    expected = lines()
    if found == expected:
        print("%d golden vectors agree with the specification" % len(expected))
        return 0
    for number, pair in enumerate(zip(found, expected), 1):
        if pair[0] != pair[1]:
            print("line %d\n  file: %s\n  spec: %s" % (number, *pair))
    print("%d lines in the file, %d by the specification" % (len(found), len(expected)))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
