package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.CacheStats;
import dev.penstock.cache.SsdConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs that keep their blocks in a cache directory, and runs that find them there. */
@Timeout(120)
final class CacheDirectoryTest {
  private static final int SHARDS = 4;
  private static final int SAMPLES = 200;
  private static final int MEAN = 8000;

  @TempDir Path directory;
  private Path data;

  @BeforeEach
  void makeData() throws IOException {
    data = Files.createDirectory(directory.resolve("data"));
    TestShards.write(data, SHARDS, SAMPLES, MEAN);
  }

  private LoaderConfig config(long epochs, SsdConfig ssd) {
    EngineConfig engine =
        EngineConfig.embedded()
            .withMemoryBytes(96 << 20)
            .withCpus(2)
            .withBlockBytes(64 << 10)
            .withReadMode(ReadMode.DIRECT)
            .withRamTier(false)
            .withSsd(ssd);
    return LoaderConfig.builder(data.toString())
        .engine(engine)
        .batchSize(16)
        .seed(5)
        .epochs(epochs)
        .build();
  }

  private SsdConfig ssd(long bytes) {
    return SsdConfig.of(
        List.of(new SsdConfig.Directory(directory.resolve("ssd"), OptionalLong.of(bytes))));
  }

  private static CacheStats run(LoaderConfig config) throws IOException {
    Set<String> keys = new TreeSet<>();
    try (Loader loader = Loader.open(config)) {
      for (Batch batch : loader) {
        try (batch) {
          for (int row = 0; row < batch.rows(); row++) {
            String key = batch.key(row);
            keys.add(key);
            byte[] wanted = TestShards.jpg(Integer.parseInt(key.substring(1)), MEAN);
            assertEquals(ByteBuffer.wrap(wanted), batch.bytes("jpg", row).asByteBuffer());
          }
        }
      }
      assertEquals(SHARDS * SAMPLES, keys.size());
      return loader.engine().cacheStats();
    }
  }

  @Test
  void aSecondRunReadsNothingFromTheOrigin() throws IOException {
    SsdConfig ssd = ssd(32 << 20);
    CacheStats first = run(config(1, ssd));
    assertTrue(first.ssdWrittenBytes() > 0, first::toString);
    // What is skipped while 32 blocks are on their way comes with a later run.
    CacheStats next = run(config(1, ssd));
    assertTrue(
        next.fetchedBytes() == 0 || first.ssdUnwrittenBlocks() > 0,
        () -> "what was not written is counted: " + first);
    for (int more = 0; more < 20 && next.fetchedBytes() > 0; more++) {
      next = run(config(1, ssd));
    }
    assertEquals(0, next.fetchedBytes(), next::toString);
    assertEquals(0, next.ssdCorruptBlocks());
    long all = (long) SHARDS * SAMPLES * MEAN;
    assertTrue(next.ssdHitBytes() >= 0.9 * all, next::toString);
  }

  @Test
  void aBlockThatWasDamagedIsHadFromTheOriginAndNobodyNotices() throws IOException {
    SsdConfig ssd = ssd(32 << 20);
    run(config(2, ssd));
    Path file = directory.resolve("ssd/penstock.blocks");
    byte[] bytes = Files.readAllBytes(file);
    for (int at = 128 << 10; at < bytes.length; at += 300_000) {
      bytes[at] ^= 1;
    }
    Files.write(file, bytes);
    CacheStats next = run(config(2, ssd));
    assertTrue(next.ssdCorruptBlocks() > 0, next::toString);
  }

  private LoaderConfig using(CacheUse use) {
    return LoaderConfig.builder(data.toString())
        .engine(config(1, ssd(32 << 20)).engine())
        .batchSize(16)
        .seed(5)
        .epochs(2)
        .cache(use)
        .build();
  }

  @Test
  void aSessionLeavesNoMoreThanItWasAskedTo() throws IOException {
    assertEquals(0, leftBy(CacheUse.BYPASS));
    long little = leftBy(CacheUse.FULL.withQuota(10 * (64 << 10) + 1));
    assertTrue(little > 0 && little <= 10, () -> little + " blocks");
    long full = leftBy(CacheUse.FULL);
    assertTrue(full > 20, () -> full + " blocks");
    CacheStats reads = run(using(CacheUse.BYPASS));
    assertTrue(reads.ssdHitBytes() > 0, "what is there is used: " + reads);
  }

  /** Blocks that are there after a run, and its last writes. */
  private long leftBy(CacheUse use) throws IOException {
    run(using(use));
    try (Loader next = Loader.open(using(CacheUse.BYPASS))) {
      return next.engine().cacheStats().ssdBlocks();
    }
  }

  @Test
  void aDirectoryServesOneProcessAtATime() throws IOException {
    LoaderConfig config = config(1, ssd(8 << 20));
    try (Loader loader = Loader.open(config)) {
      assertEquals(1, loader.engine().ssdDevices().size());
      IOException refused = assertThrows(IOException.class, () -> Loader.open(config).close());
      String pid = "process " + ProcessHandle.current().pid();
      assertTrue(String.valueOf(refused.getMessage()).contains(pid), refused::toString);
    }
    Loader.open(config).close();
  }

  @Test
  void aDeviceWithoutRoomIsLeftOut() throws IOException {
    Path disk = directory.toAbsolutePath();
    long more = Files.getFileStore(disk).getUsableSpace() + (1L << 30);
    LoaderConfig config = config(1, ssd(more));
    EngineConfig roomy = config.engine().withMemoryBytes((96 << 20) + more / 512);
    CacheStats stats = run(new LoaderConfig(roomy, config.session(), config.slots()));
    assertEquals(0, stats.ssdSlots());
    assertEquals(0, stats.ssdWrittenBytes());
  }

  @Test
  void tablesThatDoNotFitTheBudgetAreRefusedWithWhatWould() {
    LoaderConfig config = config(1, ssd(1L << 52));
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> Loader.open(config).close());
    assertTrue(String.valueOf(refused.getMessage()).contains("--memory"), refused::toString);
  }
}
