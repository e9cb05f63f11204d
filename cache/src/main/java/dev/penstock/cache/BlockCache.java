package dev.penstock.cache;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.StoredObject;
import java.io.IOException;
import java.util.List;

/**
 * The only door to stored bytes: blocks of objects in pooled memory, fetched once whoever asks,
 * pinned while leased, evicted by next use. Thread-safe.
 */
public interface BlockCache extends AutoCloseable {
  /**
   * Opens a cache over {@code origins}, which stay the caller's to close, afterwards.
   *
   * @throws dev.penstock.bridge.BudgetExceededException if its memory does not fit {@code budget}
   */
  static BlockCache open(CacheConfig config, ByteBudget budget, List<Origin> origins) {
    return new TieredBlockCache(config, budget, origins);
  }

  /**
   * Opens a session; the caller closes it. The quotas of all sessions together fit the pool.
   *
   * @param quotaBytes memory that its leases may pin at a time
   * @param nextUse what its plan says of the future
   * @throws IllegalArgumentException if the quota does not fit; the message says what would
   */
  CacheSession session(long quotaBytes, NextUse nextUse);

  /**
   * Opens a shard to be gone through once; the caller closes it, before the cache.
   *
   * @throws dev.penstock.cache.origin.OriginException if it cannot be opened or has changed
   * @throws dev.penstock.bridge.BudgetExceededException if a compressed shard's decoder does not
   *     fit the budget
   */
  ScanSource openForScan(StoredObject object) throws IOException;

  /** What the cache has done and holds. */
  CacheStats stats();

  /** Sizes, origins and modes in effect, for people. */
  String description();

  /**
   * Frees everything.
   *
   * @throws IllegalStateException if a session or a scan is open
   */
  @Override
  void close();
}
