package dev.penstock.cache;

import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.cache.ssd.ObjectId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The objects that some plan reads or some block belongs to, by location and version. Guarded by
 * the lock of {@link RamTier}.
 */
final class ObjectRegistry {
  private static final int SAMPLE_PIECES = 2048;

  /** 8 MiB in blocks of 512 KiB, as large a range as stores are asked for. */
  private static final int SAMPLE_BLOCKS_MAX = 16;

  private final Map<ObjectId, CachedObject> objects = new HashMap<>();
  private int sampleBlocks = 1;
  private int nextId;

  /**
   * For a cache that keeps so many blocks. Neighbours are kept or left together, so that what is
   * missing is missing in runs, which one request fetches; but only as far as what is kept stays
   * thousands of pieces, an even sample.
   */
  void sampleFor(long keptBlocks) {
    long together = Long.highestOneBit(Math.max(1, keptBlocks / SAMPLE_PIECES));
    sampleBlocks = (int) Math.min(SAMPLE_BLOCKS_MAX, together);
  }

  int sampleBlocks() {
    return sampleBlocks;
  }

  /** The object for a stored one; {@code reader} reads it as shard number {@code shard}. */
  CachedObject open(StoredObject stored, Origin origin, int blockBytes, Reader reader, int shard) {
    CachedObject object =
        objects.computeIfAbsent(
            ObjectId.of(stored),
            _ -> new CachedObject(nextId++, stored, origin, blockBytes, sampleBlocks));
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
      objects.remove(object.identity(), object);
    }
  }

  /** The object with this identity, if some plan reads it or some block belongs to it. */
  @Nullable CachedObject find(ObjectId identity) {
    return objects.get(identity);
  }

  int size() {
    return objects.size();
  }
}
