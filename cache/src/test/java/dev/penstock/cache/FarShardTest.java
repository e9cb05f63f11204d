package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.cache.remote.FaultServer;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.Codec;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Compressed shards of a store that answers late. */
final class FarShardTest {
  private static final int BLOCK = 64 << 10;
  private static final long LATENCY_MILLIS = 30;
  private static final byte[] PLAIN = new byte[24 << 20];

  static {
    new Random(5).nextBytes(PLAIN);
  }

  /** A place in a shard that has to wait for its bytes asks for more of them at a time. */
  @Test
  @Timeout(60)
  void readsFurtherAheadThanADiskNeeds() throws Exception {
    ByteBudget budget = ByteBudget.of(256 << 20);
    CacheConfig config = CacheConfig.of(64L * BLOCK, BLOCK).withDecoding(1, 16);
    List<Origin> origins = Origins.open(config, budget, Map.of("remote.requests", "64"));
    try (FaultServer server = FaultServer.start();
        BlockCache cache = BlockCache.open(config, budget, origins)) {
      server.put("/a.zst", Compressed.of(PLAIN, Codec.ZSTD, PLAIN.length).stored());
      server.latencyMillis(LATENCY_MILLIS);
      Origin origin =
          origins.stream().filter(o -> o.handles(server.url("/a.zst"))).findFirst().orElseThrow();
      StoredObject object = origin.find(server.url("/a.zst")).orElseThrow();
      AtomicInteger most = new AtomicInteger();
      AtomicBoolean done = new AtomicBoolean();
      Thread watch =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!done.get()) {
                      most.accumulateAndGet(origin.stats().inFlight(), Math::max);
                      LockSupport.parkNanos(1_000_000);
                    }
                  });
      byte[] found = new byte[PLAIN.length];
      try (CacheSession session = cache.session(32L * BLOCK, (_, _, _) -> NextUse.NEVER);
          ByteSource shard = session.open(0, object, null, -1)) {
        MemorySegment target = MemorySegment.ofArray(found);
        for (int at = 0; at < found.length; at += 1 << 20) {
          assertEquals(1 << 20, shard.readAt(at, target, at, 1 << 20));
        }
        // Decoding waited for the store: at least for most of the first answer.
        long waitedMillis = session.stats().originWaitNanos() / 1_000_000;
        assertTrue(waitedMillis >= LATENCY_MILLIS / 2, waitedMillis + " ms");
      } finally {
        done.set(true);
        watch.join();
      }
      assertArrayEquals(PLAIN, found);
      assertTrue(most.get() > CacheConfig.DECODE_CHUNKS, most + " requests at a time");
    }
    origins.forEach(Origin::close);
    assertEquals(0, budget.usedBytes(), () -> budget.usedByPurpose().toString());
  }

  /** Spare room is for streams to come: those that have it give it back when it gets short. */
  @Test
  void spareChunksAreLeftForOtherStreams() {
    ByteBudget budget = ByteBudget.of(64 << 20);
    try (DecodeMemory memory = DecodeMemory.open(budget, 1, 8)) {
      int[] first = Objects.requireNonNull(memory.takeChunks());
      int taken = 0;
      int[] spare = new int[24];
      for (int place = memory.take(); place >= 0; place = memory.take()) {
        spare[taken++] = place;
      }
      assertEquals(9, taken); // half of 24 are left
      assertFalse(memory.isShort());
      int[][] others = {
        Objects.requireNonNull(memory.takeChunks()),
        Objects.requireNonNull(memory.takeChunks()),
        Objects.requireNonNull(memory.takeChunks())
      };
      assertTrue(memory.isShort());
      int[] last = Objects.requireNonNull(memory.takeChunks());
      assertNull(memory.takeChunks());
      for (int i = 0; i < taken; i++) {
        memory.give(spare[i]);
      }
      assertFalse(memory.isShort());
      memory.giveChunks(first);
      for (int[] other : others) {
        memory.giveChunks(other);
      }
      memory.giveChunks(last);
    }
    assertEquals(0, budget.usedBytes());
  }
}
