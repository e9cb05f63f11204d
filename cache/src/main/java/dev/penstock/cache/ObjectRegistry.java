package dev.penstock.cache;

import dev.penstock.cache.origin.ObjectVersion;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.StoredObject;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The objects that some plan reads or some block belongs to, by location and version. Guarded by
 * the lock of {@link RamTier}.
 */
final class ObjectRegistry {
  private final Map<Key, CachedObject> objects = new HashMap<>();
  private int nextId;

  private record Key(String location, ObjectVersion version) {
    static Key of(StoredObject stored) {
      return new Key(stored.location(), stored.version());
    }
  }

  /** The object for a stored one; {@code reader} reads it as shard number {@code shard}. */
  CachedObject open(StoredObject stored, Origin origin, int blockBytes, Reader reader, int shard) {
    CachedObject object =
        objects.computeIfAbsent(
            Key.of(stored), _ -> new CachedObject(nextId++, stored, origin, blockBytes));
    object.addPlan(reader, shard);
    return object;
  }

  void removePlans(Reader reader) {
    for (CachedObject object : List.copyOf(objects.values())) {
      object.removePlans(reader);
      forgetIfUnused(object);
    }
  }

  void forgetIfUnused(CachedObject object) {
    if (object.blocksInTable == 0 && object.plans() == null) {
      objects.remove(Key.of(object.stored()), object);
    }
  }

  int size() {
    return objects.size();
  }
}
