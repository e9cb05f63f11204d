package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.CacheStats;
import dev.penstock.cache.SsdConfig;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import dev.penstock.loader.CacheUse;
import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.Loader;
import dev.penstock.loader.LoaderConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs with a cache directory, as a shell starts them. */
@Timeout(120)
class CacheReadTest {
  private static final int BLOCK = 512 << 10;

  @TempDir static Path data = Path.of("");
  @TempDir Path directory = Path.of("");

  private final Shell shell = new Shell();

  /** 12 MiB: 24 blocks. */
  @BeforeAll
  static void writeShard() throws IOException {
    SplittableRandom random = new SplittableRandom(3);
    Path shard = data.resolve("t-000.tar");
    try (ShardWriter writer = ShardWriter.webDataset(shard, WriterOptions.plain())) {
      for (int sample = 0; sample < 192; sample++) {
        byte[] bytes = new byte[64 << 10];
        random.nextBytes(bytes);
        writer.write("%05d".formatted(sample), List.of(SampleField.of("bin", bytes)));
      }
    }
  }

  private String read(String... options) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "read",
                data.toString(),
                "--ram-tier=off",
                "--read-mode=direct",
                "--epochs=3",
                "--digest"));
    arguments.addAll(List.of(options));
    return shell
        .ok(arguments)
        .lines()
        .filter(line -> line.contains("digest"))
        .findFirst()
        .orElseThrow();
  }

  /** What is in the directory, found by a run that adds nothing. */
  private long blocks() throws IOException {
    SsdConfig ssd =
        SsdConfig.of(
            List.of(new SsdConfig.Directory(directory.resolve("c"), OptionalLong.empty())));
    LoaderConfig config =
        LoaderConfig.builder(data.toString())
            .engine(EngineConfig.embedded().withMemoryBytes(256 << 20).withSsd(ssd))
            .cache(CacheUse.BYPASS)
            .batchSize(8)
            .epochs(1)
            .build();
    try (Loader loader = Loader.open(config)) {
      CacheStats stats = loader.engine().cacheStats();
      assertEquals(0, stats.ssdCorruptBlocks());
      return stats.ssdBlocks();
    }
  }

  @Test
  void aQuotaBoundsWhatARunLeaves() throws IOException {
    String cache = "--cache-dir=" + directory.resolve("c") + "=16MiB";
    String digest = read();
    assertEquals(digest, read(cache, "--cache-quota=2MiB"));
    long left = blocks();
    assertTrue(left > 0 && left <= 4, left + " blocks");
    assertEquals(digest, read(cache));
    assertTrue(blocks() > 4, "without one there are more");
  }

  @Test
  void anotherSizeKeepsWhatFits() throws IOException {
    Path cache = directory.resolve("c");
    String digest = read("--cache-dir=" + cache + "=16MiB");
    long full = blocks();
    assertTrue(full >= 20, full + " blocks");
    assertEquals(digest, read("--cache-dir=" + cache + "=24MiB", "--cache-bypass"));
    assertEquals(full, blocks(), "growing keeps all");
    assertEquals(digest, read("--cache-dir=" + cache + "=6MiB", "--cache-bypass"));
    assertEquals((6 << 20) / BLOCK - 1, blocks(), "shrinking keeps what fits beside the table");
    assertTrue(Files.size(cache.resolve("penstock.blocks")) <= 6 << 20, "and gives space back");
  }
}
