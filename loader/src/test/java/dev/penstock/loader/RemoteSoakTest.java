package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.remote.FaultServer;
import dev.penstock.cache.remote.FaultServer.Fault;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A web server that fails in every way, under the whole pipeline, seed after seed until so many
 * faults were injected ({@code -Dpenstock.soak.faults=10000} for the long form): exactly the
 * planned samples, or a failure that names a shard; memory and connections come back.
 */
@Timeout(1800)
class RemoteSoakTest {
  private static final int SHARDS = 4;
  private static final int SAMPLES = 40;
  private static final int MEAN_BYTES = 20_000;
  private static final List<Fault> TEMPORARY =
      List.of(
          Fault.STALL,
          Fault.STALL_IN_BODY,
          Fault.RESET,
          Fault.RESET_IN_BODY,
          Fault.SHORT_BODY,
          Fault.WRONG_LENGTH,
          Fault.WRONG_RANGE,
          Fault.UNAVAILABLE,
          Fault.ERROR,
          Fault.GARBAGE,
          Fault.CHUNKED,
          Fault.CLOSE);

  @TempDir Path directory;

  @Test
  void exactlyThePlannedSamplesOrANamedFailure() throws IOException {
    TestShards.write(directory, SHARDS, SAMPLES, MEAN_BYTES);
    int wanted = Integer.getInteger("penstock.soak.faults", 120);
    AtomicInteger injected = new AtomicInteger();
    int runs = 0;
    int ended = 0;
    for (long seed = 1; injected.get() < wanted; seed++) {
      runs++;
      ended += run(seed, injected) ? 0 : 1;
    }
    assertTrue(ended < runs, "every one of %d runs failed".formatted(runs));
  }

  /** Whether the run delivered all; otherwise its failure named a shard. */
  private boolean run(long seed, AtomicInteger injected) throws IOException {
    boolean changes = seed % 4 == 0;
    Set<String> keys = new TreeSet<>();
    try (FaultServer server = FaultServer.start()) {
      for (int shard = 0; shard < SHARDS; shard++) {
        String name = "train-%06d.tar".formatted(shard);
        server.put("/" + name, directory.resolve(name));
      }
      server.stallMillis(20);
      server.faults(
          ask -> {
            SplittableRandom dice = new SplittableRandom(seed * 1_000_003 + ask.number());
            if (dice.nextInt(3) > 0) {
              return Fault.NONE;
            }
            injected.incrementAndGet();
            return changes && dice.nextInt(10) == 0
                ? Fault.CHANGED
                : TEMPORARY.get(dice.nextInt(TEMPORARY.size()));
          });
      LoaderConfig config =
          LoaderConfig.builder(server.url("/train-{000000..000003}.tar"))
              .memoryBytes(64 << 20)
              .cpus(2)
              .batchSize(8)
              .seed(seed)
              .shuffle(seed % 2 == 0 ? Shuffle.BLOCK : Shuffle.NONE)
              .indexDirectory(directory)
              .originOptions(Map.of("remote.requests", "8"))
              .build();
      Engine engine = Engine.open(config.engine());
      try (Loader loader = Loader.open(config, engine)) {
        for (Batch batch : loader) {
          check(batch, keys);
        }
      } catch (PipelineFailedException | IOException e) {
        assertTrue(changes, "seed " + seed + ": only faults that pass: " + e);
        assertTrue(
            String.valueOf(e.getMessage()).contains("train-00000"), "seed " + seed + ": " + e);
        return false;
      } finally {
        assertEquals(0, engine.budget().usedBytes(), "seed " + seed);
        assertEquals(0, engine.originStats().inFlight(), "seed " + seed);
        assertEquals(0, engine.originStats().openConnections(), "seed " + seed);
      }
    }
    assertEquals(SHARDS * SAMPLES, keys.size(), "seed " + seed);
    return true;
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
