package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.CacheHarness.Shard;
import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.cache.origin.MemoryOrigin;
import dev.penstock.formats.ByteRun;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.ByteSource.ByteLease;
import dev.penstock.formats.Codec;
import java.io.EOFException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class BlockCacheTest {
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

  /** Random ranges of all shards, as many leases open as the quota allows. */
  private static void readRandomly(
      CacheHarness harness, CacheSession session, long quota, int count) throws Exception {
    Random random = new Random(count);
    List<ByteSource> sources = new ArrayList<>();
    for (Shard shard : harness.shards) {
      sources.add(
          session.open(
              sources.size(),
              shard.object(),
              sources.size() % 2 == 0 ? shard.frames() : null,
              sources.size() % 2 == 0 ? shard.plain().length : -1));
    }
    ArrayDeque<Asked> asked = new ArrayDeque<>();
    long pinned = 0;
    for (int i = 0; i < count; i++) {
      int number = random.nextInt(harness.shards.size());
      Shard shard = harness.shards.get(number);
      int length = random.nextInt(Math.min(shard.plain().length, 3 * BLOCK));
      int offset = random.nextInt(shard.plain().length - length + 1);
      while (pinned + session.pinnedBytesMax(length) > quota) {
        Asked oldest = asked.removeFirst();
        CacheHarness.check(oldest.shard(), oldest.lease(), oldest.offset(), oldest.length());
        pinned -= session.pinnedBytesMax(oldest.length());
      }
      ByteLease lease = sources.get(number).request(offset, length);
      asked.add(new Asked(shard, lease, offset, length));
      pinned += session.pinnedBytesMax(length);
    }
    for (Asked rest : asked) {
      CacheHarness.check(rest.shard(), rest.lease(), rest.offset(), rest.length());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "NONE,true",
    "NONE,false",
    "GZIP,true",
    "GZIP,false",
    "ZSTD,true",
    "ZSTD,false",
    "LZ4,true",
    "LZ4,false"
  })
  void randomRangesAreTheShardsBytes(Codec codec, boolean ramTier) throws Exception {
    CacheConfig config = CacheConfig.of(12L * BLOCK, BLOCK).withRamTier(ramTier).withDecoding(2, 3);
    try (CacheHarness harness = harness(config, Faults.NONE, 1)) {
      harness.add(40 * BLOCK + 17, codec, 5 * BLOCK + 100);
      harness.add(20 * BLOCK, codec, 1 << 20);
      harness.add(5, codec, 1 << 20);
      harness.add(7 * BLOCK + 1, Codec.NONE, 1);
      try (CacheSession session = harness.cache.session(10L * BLOCK, NO_PLAN)) {
        readRandomly(harness, session, 10L * BLOCK, 400);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Codec.class)
  void sessionsOnManyThreadsShareATinyPool(Codec codec) throws Exception {
    CacheConfig config = CacheConfig.of(16L * BLOCK, BLOCK).withDecoding(2, 2);
    try (CacheHarness harness = harness(config, Faults.NONE, 1)) {
      harness.add(30 * BLOCK + 5, codec, 8 * BLOCK);
      harness.add(11 * BLOCK, codec, 1 << 20);
      try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
        List<Future<?>> running = new ArrayList<>();
        CyclicBarrier start = new CyclicBarrier(4);
        for (int i = 0; i < 4; i++) {
          int count = 100 + i;
          running.add(
              threads.submit(
                  () -> {
                    start.await();
                    try (CacheSession session = harness.cache.session(4L * BLOCK, NO_PLAN)) {
                      readRandomly(harness, session, 4L * BLOCK, count);
                    }
                    return null;
                  }));
        }
        for (Future<?> future : running) {
          future.get(50, TimeUnit.SECONDS);
        }
      }
    }
  }

  @Test
  void residentObjectsAreReadExactlyByWhoAwaits() throws Exception {
    CacheConfig config = CacheConfig.of(8L * BLOCK * 16, BLOCK * 16).withRamTier(false);
    try (CacheHarness harness = harness(config, Faults.NONE, 1, MemoryOrigin.resident())) {
      Shard shard = harness.add(40 * BLOCK, Codec.NONE, 1);
      try (CacheSession session = harness.cache.session(4L * BLOCK * 16, NO_PLAN);
          ByteSource source = session.open(0, shard.object(), null, -1)) {
        long before = harness.memory.bytesRead("shard-0");
        ByteLease lease = source.request(100, 20_000);
        assertTrue(lease.isReady());
        assertEquals(before, harness.memory.bytesRead("shard-0"));
        CacheHarness.check(shard, lease, 100, 20_000);
        assertEquals(before + 20_000, harness.memory.bytesRead("shard-0"));
        ByteLease unused = source.request(0, 100_000);
        unused.close();
        assertThrows(IllegalStateException.class, unused::close);
      }
      assertEquals(harness.cache.stats().poolBlocks(), harness.cache.stats().freeBlocks());
    }
  }

  @ParameterizedTest
  @EnumSource(Codec.class)
  void eachByteIsFetchedOnceWhoeverAsks(Codec codec) throws Exception {
    CacheConfig config = CacheConfig.of(64L * BLOCK, BLOCK);
    try (CacheHarness harness = harness(config, Faults.NONE, 1)) {
      Shard shard = harness.add(12 * BLOCK + 9, codec, 1 << 20);
      try (CacheSession a = harness.cache.session(16L * BLOCK, NO_PLAN);
          CacheSession b = harness.cache.session(16L * BLOCK, NO_PLAN);
          ByteSource fromA = a.open(0, shard.object(), null, -1);
          ByteSource fromB = b.open(0, shard.object(), null, -1)) {
        long head = harness.memory.bytesRead("shard-0");
        int length = shard.plain().length;
        ByteLease first = fromA.request(0, length);
        ByteLease second = fromB.request(0, length);
        ByteLease third = fromA.request(5000, 5000);
        CacheHarness.check(shard, second, 0, length);
        CacheHarness.check(shard, first, 0, length);
        CacheHarness.check(shard, third, 5000, 5000);
        assertEquals(shard.object().sizeBytes(), harness.memory.bytesRead("shard-0") - head);
        assertEquals(0, harness.cache.stats().wastedBytes());
        assertEquals(13L * BLOCK, b.stats().hitBytes());
      }
    }
  }

  @Test
  void aRequestWaitsForItsOwnSessionAlone() throws Exception {
    CacheConfig config = CacheConfig.of(8L * BLOCK, BLOCK);
    try (CacheHarness harness = harness(config, Faults.NONE, 1)) {
      Shard shard = harness.add(40 * BLOCK, Codec.NONE, 1);
      try (CacheSession a = harness.cache.session(4L * BLOCK, NO_PLAN);
          CacheSession b = harness.cache.session(4L * BLOCK, NO_PLAN);
          ByteSource fromA = a.open(0, shard.object(), null, -1);
          ByteSource fromB = b.open(0, shard.object(), null, -1);
          ExecutorService thread = Executors.newSingleThreadExecutor()) {
        ByteLease full = fromA.request(0, 4L * BLOCK);
        Future<ByteLease> waiting = thread.submit(() -> fromA.request(8L * BLOCK, BLOCK));
        CacheHarness.check(shard, fromB.request(20L * BLOCK, 4L * BLOCK), 20 * BLOCK, 4 * BLOCK);
        full.close();
        CacheHarness.check(shard, waiting.get(20, TimeUnit.SECONDS), 8 * BLOCK, BLOCK);
        assertThrows(IllegalArgumentException.class, () -> fromA.request(0, 5L * BLOCK));
        assertThrows(IllegalArgumentException.class, () -> harness.cache.session(BLOCK, NO_PLAN));
        assertThrows(EOFException.class, () -> fromA.request(39L * BLOCK, BLOCK + 1));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Codec.class,
      names = {"GZIP", "ZSTD", "LZ4"})
  void aShardOfUnknownLengthEndsWhereItEnds(Codec codec) throws Exception {
    CacheConfig config = CacheConfig.of(32L * BLOCK, BLOCK);
    try (CacheHarness harness = harness(config, Faults.NONE, 1)) {
      Shard shard = harness.add(3 * BLOCK + 5, codec, 1 << 20);
      try (CacheSession session = harness.cache.session(8L * BLOCK, NO_PLAN);
          ByteSource source = session.open(0, shard.object(), null, -1)) {
        assertEquals(-1, source.lengthBytes());
        try (ByteLease beyond = source.request(3L * BLOCK, 2L * BLOCK)) {
          assertThrows(EOFException.class, () -> beyond.await(new ByteRun()));
        }
        assertEquals(3L * BLOCK + 5, source.lengthBytes());
      }
    }
  }
}
