package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.CacheHarness.Shard;
import dev.penstock.cache.origin.FaultyOrigin.Fault;
import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.cache.origin.MemoryOrigin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.formats.ByteRun;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.ByteSource.ByteLease;
import dev.penstock.formats.Codec;
import dev.penstock.formats.MalformedRecordException;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Under faults every lease ends with the exact bytes or a typed error, and everything comes back.
 */
@Timeout(120)
class FaultSoakTest {
  private static final int BLOCK = 4096;
  private static final NextUse NO_PLAN = (_, _, _) -> NextUse.NEVER;

  /** A cache over the tiers under test. */
  CacheHarness harness(CacheConfig config, Faults faults, long seed, MemoryOrigin memory) {
    return new CacheHarness(config, faults, seed, memory);
  }

  private CacheHarness harness(CacheConfig config, Faults faults, long seed) {
    return harness(config, faults, seed, MemoryOrigin.remote());
  }

  private record Asked(Shard shard, ByteLease lease, int offset, int length) {}

  /** Reads at random; returns how many leases failed. */
  private static int read(CacheHarness harness, long seed, int count) throws Exception {
    Random random = new Random(seed);
    int failures = 0;
    try (CacheSession session = harness.cache.session(8L * BLOCK, NO_PLAN)) {
      Map<Integer, ByteSource> sources = new HashMap<>();
      ArrayDeque<Asked> asked = new ArrayDeque<>();
      for (int i = 0; i < count; i++) {
        int number = random.nextInt(harness.shards.size());
        Shard shard = harness.shards.get(number);
        ByteSource source = sources.get(number);
        if (source == null) {
          try {
            source = session.open(number, shard.object(), shard.frames(), shard.plain().length);
            sources.put(number, source);
          } catch (IOException failure) {
            failures += typed(failure);
            continue;
          }
        }
        int length = random.nextInt(2 * BLOCK);
        int offset = random.nextInt(shard.plain().length - length);
        if (asked.size() == 2) {
          failures += finish(asked.removeFirst(), random);
        }
        try {
          asked.add(new Asked(shard, source.request(offset, length), offset, length));
        } catch (IOException failure) {
          failures += typed(failure);
        }
      }
      for (Asked rest : asked) {
        failures += finish(rest, random);
      }
    }
    return failures;
  }

  private static int finish(Asked asked, Random random) throws Exception {
    if (random.nextInt(10) == 0) {
      asked.lease().close();
      return 0;
    }
    try {
      CacheHarness.check(asked.shard(), asked.lease(), asked.offset(), asked.length());
      return 0;
    } catch (IOException failure) {
      return typed(failure);
    }
  }

  private static int typed(IOException failure) {
    assertTrue(
        failure instanceof OriginException || failure instanceof MalformedRecordException,
        () -> "not a typed failure: " + failure);
    return 1;
  }

  private static void soak(CacheHarness harness, long seed, boolean mayFail) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      List<Future<Integer>> running = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        long own = seed * 3 + i;
        running.add(threads.submit(() -> read(harness, own, 250)));
      }
      int failures = 0;
      for (Future<Integer> future : running) {
        failures += future.get(100, TimeUnit.SECONDS);
      }
      assertTrue(mayFail || failures == 0, failures + " leases failed");
    }
  }

  private static void addShards(CacheHarness harness) throws IOException {
    for (Codec codec : Codec.values()) {
      harness.add(20 * BLOCK + 11, codec, 6 * BLOCK);
      harness.add(13 * BLOCK, codec, 1 << 20);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void exactBytesOrATypedFailure(long seed) throws Exception {
    Faults faults =
        new Faults(
            Map.of(
                Fault.ERROR, 0.1,
                Fault.SHORT_READ, 0.1,
                Fault.STALL, 0.05,
                Fault.DENIED, 0.01,
                Fault.CHANGED, 0.01,
                Fault.TRUNCATION, 0.3),
            3);
    boolean ramTier = seed % 2 == 0;
    CacheConfig config = CacheConfig.of(26L * BLOCK, BLOCK).withRamTier(ramTier).withDecoding(2, 3);
    MemoryOrigin memory = seed > 2 ? MemoryOrigin.resident() : MemoryOrigin.remote();
    try (CacheHarness harness = harness(config, faults, seed, memory)) {
      addShards(harness);
      soak(harness, seed, true);
      for (Fault fault : faults.likelihood().keySet()) {
        assertTrue(
            fault == Fault.TRUNCATION || harness.origin.injected(fault) > 0,
            () -> fault + " was never injected");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 6})
  void whatIsTemporaryIsNeverSeen(long seed) throws Exception {
    Faults faults =
        new Faults(Map.of(Fault.ERROR, 0.02, Fault.SHORT_READ, 0.3, Fault.STALL, 0.02), 2);
    CacheConfig config = CacheConfig.of(26L * BLOCK, BLOCK).withDecoding(2, 8).withRetries(8);
    try (CacheHarness harness = harness(config, faults, seed)) {
      addShards(harness);
      soak(harness, seed, false);
      assertTrue(harness.cache.stats().retries() > 0);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Codec.class,
      names = {"GZIP", "ZSTD", "LZ4"})
  void flippedBitsEndInAVerdictOrWrongBytesButNeverHang(Codec codec) throws Exception {
    Faults faults = new Faults(Map.of(Fault.BIT_FLIP, 0.5), 0);
    CacheConfig config = CacheConfig.of(16L * BLOCK, BLOCK).withDecoding(1, 2);
    int verdicts = 0;
    try (CacheHarness harness = harness(config, faults, 9)) {
      for (int i = 0; i < 20; i++) {
        harness.add(4 * BLOCK, codec, 1 << 20);
      }
      try (CacheSession session = harness.cache.session(8L * BLOCK, NO_PLAN)) {
        for (Shard shard : harness.shards) {
          try (ByteSource source = session.open(0, shard.object(), null, -1);
              ByteLease lease = source.request(0, 4L * BLOCK)) {
            lease.await(new ByteRun());
          } catch (IOException verdict) {
            if (!(verdict instanceof EOFException)) {
              assertInstanceOf(MalformedRecordException.class, verdict);
            }
            verdicts++;
          }
        }
      }
    }
    assertTrue(verdicts > 0);
  }
}
