package dev.penstock.cache;

import dev.penstock.bridge.BlockPool;

/**
 * The places of the pool and who has them: handed out free ones first, then those of the least
 * useful blocks. Guarded by the lock of {@link RamTier}.
 */
final class Places {
  private final BlockPool pool;
  private final BlockTable table;
  private final Eviction eviction;
  private final ObjectRegistry objects;
  private int lent;
  private long evictions;

  Places(BlockPool pool, BlockTable table, Eviction eviction, ObjectRegistry objects) {
    this.pool = pool;
    this.table = table;
    this.eviction = eviction;
    this.objects = objects;
  }

  /** How many places can be taken now. */
  int available() {
    return pool.freeCount() + eviction.size();
  }

  /** Takes one for a block; there must be one available. */
  int take() {
    int place = pool.take();
    if (place >= 0) {
      return place;
    }
    Block victim = eviction.poll();
    if (victim == null) {
      throw new IllegalStateException(
          "every block of the pool is pinned although quotas fit: " + describe());
    }
    evictions++;
    drop(victim);
    return victim.place;
  }

  /** Takes one for bytes that are no block. */
  int lend() {
    lent++;
    return take();
  }

  /** Takes back {@code count} lent places; the first lent is the next to be handed out. */
  void giveBackLent(int[] places, int count) {
    for (int i = count - 1; i >= 0; i--) {
      pool.give(places[i]);
    }
    lent -= count;
  }

  void add(Block block) {
    table.add(block);
    block.object.blocksInTable++;
  }

  /** Takes the block out of the table, so that nobody finds it any more. */
  void drop(Block block) {
    if (block.inTable) {
      table.remove(block);
      block.object.blocksInTable--;
      objects.forgetIfUnused(block.object);
    }
  }

  /** Drops the block and frees its place; nobody may have it pinned. */
  void free(Block block) {
    drop(block);
    pool.give(block.place);
  }

  void freeEvictable() {
    Block block = eviction.poll();
    while (block != null) {
      free(block);
      block = eviction.poll();
    }
  }

  long evictions() {
    return evictions;
  }

  String describe() {
    return "%d blocks of %d bytes, %d free, %d in the table, %d evictable, %d lent"
        .formatted(
            pool.blockCount(),
            pool.blockBytes(),
            pool.freeCount(),
            table.size(),
            eviction.size(),
            lent);
  }
}
