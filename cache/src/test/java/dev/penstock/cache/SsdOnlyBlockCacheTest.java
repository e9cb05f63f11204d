package dev.penstock.cache;

import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.cache.origin.MemoryOrigin;

/** The same with nothing kept in RAM: what is not pinned is on the SSD or gone. */
final class SsdOnlyBlockCacheTest extends SsdBlockCacheTest {
  @Override
  CacheHarness harness(CacheConfig config, Faults faults, long seed, MemoryOrigin memory) {
    return super.harness(config.withRamTier(false), faults, seed, memory);
  }
}
