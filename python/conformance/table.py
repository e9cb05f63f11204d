#!/usr/bin/env python3
"""Prints the table of docs/conformance.md from what ``penstock conformance … --json`` printed.

Usage: table.py RESULTS.json
"""

import json
import sys

#: The measures of `shuffle`, and how many decimals they are worth.
SHUFFLE = {
    "moved": ("moved", 3),
    "neighbours": ("neighbours", 1),
    "serial_correlation": ("correlation", 3),
    "chi_square_per_degree": ("chi-square", 2),
    "neighbours_in_batch": ("in batch", 2),
    "shards_of_expected": ("shards", 2),
    "recurrence": ("recurrence", 2),
}

WORDS = {"pass": "pass", "fail": "**fail**", "not supported": "–"}


def cell(check, finding):
    """The verdict, or what was measured."""
    figures = finding.get("figures", {})
    if "bytes_late" in figures:
        return f"{figures['bytes_late']:,} B, {'shared' if figures['same_on_all_ranks'] else 'per rank'}"
    if "resume_milliseconds" in figures:
        return f"{figures['start_milliseconds']:.0f} / {figures['resume_milliseconds']:.0f} ms"
    return WORDS.get(finding["outcome"], finding["outcome"])


def shuffle_rows(loaders):
    """A row for each measure; a loader that could not be measured has a dash."""
    found = [loader["checks"].get("shuffle", {}).get("figures", {}) for loader in loaders]
    random = next((figures["fisher_yates"] for figures in found if figures), {})
    for name, (title, digits) in SHUFFLE.items() if random else ():
        mean, deviation = random[name]["mean"], random[name]["deviation"]
        yield (
            f"shuffle: {title} (random {mean:.{digits}f} ± {deviation:.{digits}f})",
            [f"{figures[name]:.{digits}f}" if figures else "–" for figures in found],
        )


def table(loaders):
    checks = list(dict.fromkeys(name for loader in loaders for name in loader["checks"]))
    rows = [
        (f"`{name}`", [cell(name, loader["checks"][name]) if name in loader["checks"] else "" for loader in loaders])
        for name in checks
        if name != "shuffle"
    ]
    rows += shuffle_rows(loaders)
    yield "| | " + " | ".join(f"{loader['target']} {loader['version']}" for loader in loaders) + " |"
    yield "|---" * (len(loaders) + 1) + "|"
    for name, cells in rows:
        yield f"| {name} | " + " | ".join(cells) + " |"


def broken(loaders):
    for loader in loaders:
        for name, finding in loader["checks"].items():
            if finding["outcome"] == "fail":
                detail = finding["detail"].splitlines()[0].rstrip(".")
                yield f"* {loader['target']}, `{name}`: {detail}."


def missing(loaders):
    """Checks that a loader does not offer, those with one reason together."""
    for loader in loaders:
        reasons = {}
        for name, finding in loader["checks"].items():
            if finding["outcome"] == "not supported":
                reasons.setdefault(finding["detail"].rstrip("."), []).append(f"`{name}`")
        for reason, names in reasons.items():
            yield f"* {loader['target']}, {', '.join(names)}: {reason}."


def main(path):
    with open(path, encoding="utf-8") as file:
        loaders = json.load(file)["loaders"]
    print(*table(loaders), "", "What broke, as printed:", "", *broken(loaders), sep="\n")
    print("", "Not supported (–), as the adapters say:", "", *missing(loaders), sep="\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
