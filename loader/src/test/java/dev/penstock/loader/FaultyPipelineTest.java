package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.origin.FaultyOrigin;
import dev.penstock.cache.origin.FaultyOrigin.Fault;
import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Under a storage that fails: exactly the planned samples, or a named failure; nothing leaks. */
class FaultyPipelineTest {
  private static final int SHARDS = 4;
  private static final int SAMPLES = 40;
  private static final int MEAN_BYTES = 30_000;

  @TempDir static Path directory;

  @BeforeAll
  static void writeShards() throws IOException {
    TestShards.write(directory, SHARDS, SAMPLES, MEAN_BYTES);
    try (Loader loader = Loader.open(config(0).build())) {
      assertEquals(SHARDS * SAMPLES, loader.plan().samplesOf(0)); // indexes are built
    }
  }

  private static LoaderConfig.Builder config(long seed) {
    return LoaderConfig.builder(directory + "/train-{000000..000003}.tar")
        .memoryBytes(64 << 20)
        .cpus(2)
        .batchSize(8)
        .seed(seed)
        .shuffle(seed % 2 == 0 ? Shuffle.BLOCK : Shuffle.NONE);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void temporaryFaultsAreNotSeen(long seed) throws IOException {
    Faults faults =
        new Faults(Map.of(Fault.ERROR, 0.05, Fault.SHORT_READ, 0.1, Fault.STALL, 0.05), 5);
    Set<String> keys = new TreeSet<>();
    LoaderConfig config = config(seed).build();
    Engine engine = Engine.open(config.engine(), origin -> new FaultyOrigin(origin, faults, seed));
    try (Loader loader = Loader.open(config, engine)) {
      for (Batch batch : loader) {
        check(batch, keys);
      }
    } finally {
      assertEquals(0, engine.budget().usedBytes(), "seed " + seed);
    }
    assertEquals(SHARDS * SAMPLES, keys.size(), "seed " + seed);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14, 15, 16})
  void permanentFaultsEndTheRunByName(long seed) throws IOException {
    Faults faults =
        new Faults(Map.of(Fault.DENIED, 0.02, Fault.CHANGED, 0.02, Fault.TRUNCATION, 0.2), 1);
    Set<String> keys = new TreeSet<>();
    LoaderConfig config = config(seed).build();
    Engine engine = Engine.open(config.engine(), origin -> new FaultyOrigin(origin, faults, seed));
    try (Loader loader = Loader.open(config, engine)) {
      for (Batch batch : loader) {
        check(batch, keys);
      }
      assertEquals(SHARDS * SAMPLES, keys.size(), "seed " + seed);
    } catch (PipelineFailedException | IOException e) {
      assertTrue(String.valueOf(e.getMessage()).contains("train-00000"), "seed " + seed + ": " + e);
    } finally {
      assertEquals(0, engine.budget().usedBytes(), "seed " + seed);
    }
  }

  private static void check(Batch batch, Set<String> keys) {
    try (batch) {
      for (int row = 0; row < batch.rows(); row++) {
        assertTrue(keys.add(batch.key(row)));
        int number = Integer.parseInt(batch.key(row).substring(1));
        assertArrayEquals(
            TestShards.jpg(number, MEAN_BYTES),
            batch.bytes("jpg", row).toArray(ValueLayout.JAVA_BYTE));
      }
    }
  }
}
