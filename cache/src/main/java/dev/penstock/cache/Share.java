package dev.penstock.cache;

import java.util.concurrent.locks.Condition;

/**
 * One session's part of the pool: how many blocks it may pin, and how many it has. Guarded by the
 * lock of {@link RamTier}.
 *
 * <p>A block that two sessions have pinned is charged to both. So the sum of the charges is never
 * less than the number of pinned blocks, and since the quotas together fit the pool, a session that
 * keeps to its quota always finds a free or evictable block: it waits for itself alone, and
 * sessions cannot block each other.
 */
final class Share {
  final int quotaBlocks;
  final Condition room;
  final Job job;
  int chargedBlocks;
  boolean closed;

  Share(int quotaBlocks, Condition room, Job job) {
    this.quotaBlocks = quotaBlocks;
    this.room = room;
    this.job = job;
  }

  void charge(int blocks) {
    chargedBlocks += blocks;
  }

  void refund(int blocks) {
    chargedBlocks -= blocks;
    if (chargedBlocks < 0) {
      throw new IllegalStateException("a session was refunded more blocks than it was charged");
    }
    room.signalAll();
  }
}
