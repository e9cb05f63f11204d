package dev.penstock.cache;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Blocks by (object, stored or decoded, number), chained through the blocks themselves so that
 * looking up and adding allocate nothing. Guarded by the lock of {@link RamTier}.
 */
final class BlockTable {
  private final @Nullable Block[] buckets;
  private int size;

  /** A table for at most {@code capacity} blocks. */
  BlockTable(int capacity) {
    buckets = new Block[Integer.highestOneBit(Math.max(8, capacity)) * 2];
  }

  @Nullable Block find(CachedObject object, boolean decoded, long number) {
    Block block = buckets[bucket(object, decoded, number)];
    while (block != null
        && (block.object != object || block.number != number || block.decoded != decoded)) {
      block = block.nextInBucket;
    }
    return block;
  }

  void add(Block block) {
    int bucket = bucket(block.object, block.decoded, block.number);
    block.nextInBucket = buckets[bucket];
    buckets[bucket] = block;
    block.inTable = true;
    size++;
  }

  /** Removes the block if it is in the table. */
  void remove(Block block) {
    if (!block.inTable) {
      return;
    }
    int bucket = bucket(block.object, block.decoded, block.number);
    Block at = buckets[bucket];
    if (at == block) {
      buckets[bucket] = block.nextInBucket;
    } else {
      while (at != null && at.nextInBucket != block) {
        at = at.nextInBucket;
      }
      if (at == null) {
        throw new IllegalStateException(block + " is not in its bucket");
      }
      at.nextInBucket = block.nextInBucket;
    }
    block.nextInBucket = null;
    block.inTable = false;
    size--;
  }

  int size() {
    return size;
  }

  void forEach(Consumer<Block> action) {
    for (Block head : buckets) {
      for (Block block = head; block != null; block = block.nextInBucket) {
        action.accept(block);
      }
    }
  }

  private int bucket(CachedObject object, boolean decoded, long number) {
    return (int) (spread(object.id(), decoded, number) & (buckets.length - 1));
  }

  /** A well-mixed 64-bit hash of a block's key (the finaliser of SplitMix64). */
  static long spread(long objectId, boolean decoded, long number) {
    long z = (objectId * 0x9E3779B97F4A7C15L) ^ (number * 2 + (decoded ? 1 : 0));
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
