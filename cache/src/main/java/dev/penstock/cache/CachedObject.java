package dev.penstock.cache;

import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.cache.ssd.ObjectId;
import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameTable;
import org.jspecify.annotations.Nullable;

/**
 * One version of a stored object as the cache knows it: which plans read it, how many of its blocks
 * are cached, and its handle while it is open. It outlives its handle.
 */
final class CachedObject {
  private final int id;
  private final ObjectId identity;
  private final StoredObject stored;
  private final Origin origin;
  private final int blockBytes;
  private final int sampleBlocks;

  /** What compresses it, once somebody has looked. */
  volatile @Nullable Codec codec;

  /** Written under the monitor of this object. */
  private volatile @Nullable Decoding decoding;

  /** Which dataset's quota its blocks count for; 0 for none. */
  volatile int dataset;

  // Guarded by the lock of RamTier.
  private @Nullable Plan plans;
  int blocksInTable;

  // Guarded by the monitor of this object; see OpenObjects.
  @Nullable OpenObject handle;
  int handleUsers;

  /** A session that reads this object as shard number {@code shard} of its plan. */
  record Plan(Reader reader, int shard, @Nullable Plan next) {}

  /** {@code sampleBlocks}: neighbouring stored blocks that the sample keeps or leaves together. */
  CachedObject(int id, StoredObject stored, Origin origin, int blockBytes, int sampleBlocks) {
    this.sampleBlocks = sampleBlocks;
    this.id = id;
    this.identity = ObjectId.of(stored);
    this.stored = stored;
    this.origin = origin;
    this.blockBytes = blockBytes;
  }

  /** Different for every object and version in one cache. */
  int id() {
    return id;
  }

  /** Its name for ever and everywhere. */
  ObjectId identity() {
    return identity;
  }

  /**
   * Where a block stands among all blocks, by a hash: those below a bound are an even sample of any
   * order, the same in every process. Blocks that are had together stand together: neighbours of a
   * stored object, which one request fetches, and the decoded blocks of one frame, none of which
   * can be had without decoding all before it.
   */
  long sample(boolean decoded, long number) {
    long unit = number / sampleBlocks;
    Decoding known = decoding;
    if (decoded && known != null) {
      unit = known.entryOf(number * blockBytes);
    }
    long together = BlockTable.spread(identity.low(), decoded, unit);
    return (together & ~0xFFFFL) | (number & 0xFFFFL);
  }

  StoredObject stored() {
    return stored;
  }

  Origin origin() {
    return origin;
  }

  int blockBytes() {
    return blockBytes;
  }

  @Nullable Plan plans() {
    return plans;
  }

  void addPlan(Reader reader, int shard) {
    for (Plan plan = plans; plan != null; plan = plan.next()) {
      if (plan.reader() == reader && plan.shard() == shard) {
        return;
      }
    }
    plans = new Plan(reader, shard, plans);
  }

  void removePlans(Reader reader) {
    Plan kept = null;
    for (Plan plan = plans; plan != null; plan = plan.next()) {
      if (plan.reader() != reader) {
        kept = new Plan(plan.reader(), plan.shard(), kept);
      }
    }
    plans = kept;
  }

  /** How it is decoded, if anybody has asked for that yet. */
  @Nullable Decoding decoding() {
    return decoding;
  }

  /** How it is decoded; what the caller knows of its frames and length is added. */
  synchronized Decoding decoding(Codec by, @Nullable FrameTable frames, long decodedBytes) {
    Decoding known = decoding;
    if (known == null) {
      known = new Decoding(this, by);
      decoding = known;
    }
    known.learn(frames, decodedBytes);
    return known;
  }

  @Override
  public String toString() {
    return stored.location();
  }
}
