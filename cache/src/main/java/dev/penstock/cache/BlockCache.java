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
   * The same with a tier of SSD devices below memory.
   *
   * @throws IOException if a directory cannot be used or another process has it; says which. A
   *     device that is full or fails is left out, with a word in the log
   */
  static BlockCache open(CacheConfig config, ByteBudget budget, List<Origin> origins, SsdConfig ssd)
      throws IOException {
    TieredBlockCache cache = new TieredBlockCache(config, budget, origins, ssd.isOn());
    try {
      cache.openSsd(ssd);
      return cache;
    } catch (IOException | RuntimeException | Error e) {
      cache.close();
      throw e;
    }
  }

  /**
   * Opens a session; the caller closes it. The quotas of all sessions together fit the pool.
   *
   * @param quotaBytes memory that its leases may pin at a time
   * @param nextUse what its plan says of the future
   * @throws IllegalArgumentException if the quota does not fit; the message says what would
   */
  default CacheSession session(long quotaBytes, NextUse nextUse) {
    return session(quotaBytes, nextUse, CachePolicy.NONE);
  }

  /** The same, with what it wants of the tier below memory. */
  CacheSession session(long quotaBytes, NextUse nextUse, CachePolicy policy);

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

  /** One line for each device of the SSD tier: where, how full, whether it is used. */
  List<String> ssdDevices();

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
