"""Random access to the samples of tar shards, for loaders that want a data source by index."""

import pickle
import tarfile

from protocol import shards


def index(data: str, work: str) -> None:
    """Writes where the samples lie."""
    places = []
    for shard in shards(data):
        with tarfile.open(shard) as tar:
            for member in tar:
                if member.name.endswith(".bin"):
                    places.append((member.name[: -len(".bin")], shard, member.offset_data, member.size))
    with open(f"{work}/places", "wb") as file:
        pickle.dump(places, file)


class TarSource:
    """``source[i]`` is the key of sample ``i`` after its bytes were read; ``len(source)`` the number of samples."""

    def __init__(self, work: str):
        with open(f"{work}/places", "rb") as file:
            self._places = pickle.load(file)
        self._files = {}

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, i: int) -> str:
        key, shard, offset, size = self._places[i]
        if shard not in self._files:
            self._files[shard] = open(shard, "rb")
        file = self._files[shard]
        file.seek(offset)
        if len(file.read(size)) != size:
            raise OSError(f"{shard} ends before {offset + size}")
        return key

    def __getstate__(self) -> dict:
        return {"_places": self._places, "_files": {}}
