package dev.penstock.cache;

import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.cache.origin.MemoryOrigin;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** The same over RAM and a small SSD tier, that fills, evicts and is read back. */
class SsdBlockCacheTest extends BlockCacheTest {
  @TempDir Path directory;

  @Override
  CacheHarness harness(CacheConfig config, Faults faults, long seed, MemoryOrigin memory) {
    return new CacheHarness(
        config, faults, seed, memory, CacheHarness.ssd(directory.resolve("ssd"), 30));
  }
}
