"""A caller's arguments as the sidecar has them: what OPEN carries, and the command line of a private one."""

from __future__ import annotations

import os
import re
import sys
from typing import Mapping, Optional, Union


def rank_and_world(rank: Optional[int], world_size: Optional[int]) -> "tuple[int, int]":
    if (rank is None) != (world_size is None):
        raise ValueError("give both rank and world_size, or neither")
    if rank is not None:
        return rank, world_size
    torch = sys.modules.get("torch")
    distributed = getattr(torch, "distributed", None)
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def paths(dataset) -> "list[str]":
    single = isinstance(dataset, (str, os.PathLike))
    return [_absolute(os.fspath(d)) for d in ([dataset] if single else dataset)]


def mixture(mix) -> "list[dict]":
    """The parts of a mixture as OPEN has them."""
    if mix is None:
        return []
    if isinstance(mix, Mapping):
        mix = [{"dataset": dataset, "weight": weight} for dataset, weight in mix.items()]
    parts = []
    for part in mix:
        part = dict(part)
        if "parts" in part:
            part["parts"] = mixture(part["parts"])
        elif "dataset" in part:
            part["dataset"] = paths(part["dataset"])
            part["filter"] = filter_texts(part.get("filter"))
        else:
            raise ValueError(f"a part of mix= has neither dataset nor parts: {part}")
        parts.append(part)
    if not parts:
        raise ValueError("mix= names no source")
    return parts


def filter_texts(filters) -> "list[str]":
    """Filters in their written form; a file of keys is in the caller's directory."""
    if filters is None:
        return []
    made = []
    for text in [filters] if isinstance(filters, str) else filters:
        before, at, path = text.partition("keys:@")
        made.append(before + at + os.path.abspath(path) if at and before in ("", "!") else text)
    return made


def _absolute(dataset: str) -> str:
    """Paths mean the caller's directory, not the sidecar's."""
    if "://" in dataset:
        return dataset
    if dataset.startswith("@"):
        return "@" + os.path.abspath(dataset[1:])
    return os.path.abspath(dataset)


def byte_count(size: Union[str, int]) -> int:
    """Bytes of ``"50GiB"``, ``"50GB"`` or a number, as the command line has them."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:([KMGT])(i?)B|B)?", str(size).strip(), re.IGNORECASE)
    if match is None:
        raise ValueError(f"{size!r} is no number of bytes; such as 50GiB, 800MB or 4096 are")
    number, unit, binary = match.groups()
    base = 1024 if binary else 1000
    return int(float(number) * base ** (" KMGT".index(unit.upper()) if unit else 0))


def sidecar_options(memory, cpus, cache_dir) -> "list[str]":
    options = []
    if memory is not None:
        options += ["--memory", str(memory)]
    if cpus is not None:
        options += ["--cpus", str(cpus)]
    for directory in [] if cache_dir is None else paths(cache_dir):
        options += ["--cache-dir", directory]
    return options
