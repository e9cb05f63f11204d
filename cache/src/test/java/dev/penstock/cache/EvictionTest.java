package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.CacheHarness.Shard;
import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.Codec;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What stays: measured at the cache's door, in epochs of one sample a block. */
@Timeout(120)
final class EvictionTest {
  private static final int BLOCK = TestPlan.BLOCK;
  private static final int SAMPLES = TestPlan.SAMPLES;
  private static final int EPOCHS = TestPlan.EPOCHS;

  /** Reads {@code EPOCHS} epochs; for each and each tenth of it, how many samples were cached. */
  private static int[][] hits(int poolBlocks, TestPlan plan) throws Exception {
    int[][] hits = new int[EPOCHS][10];
    CacheConfig config = CacheConfig.of((long) poolBlocks * BLOCK, BLOCK);
    try (CacheHarness harness = new CacheHarness(config, Faults.NONE, 1)) {
      Shard shard = harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      try (CacheSession session = harness.cache.session(2L * BLOCK, plan);
          ByteSource source = session.open(0, shard.object(), null, -1)) {
        long before = 0;
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
          for (int i = 0; i < SAMPLES; i++) {
            plan.position = (long) epoch * SAMPLES + i;
            int sample = plan.order[epoch][i];
            CacheHarness.check(
                shard, source.request((long) sample * BLOCK, BLOCK), sample * BLOCK, BLOCK);
            long now = session.stats().hitBytes();
            hits[epoch][i * 10 / SAMPLES] += now > before ? 1 : 0;
            before = now;
          }
        }
      }
    }
    return hits;
  }

  private static double lruHits(int poolBlocks, TestPlan plan) {
    int hits = 0;
    Map<Integer, Boolean> cached =
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<Integer, Boolean> eldest) {
            return size() > poolBlocks;
          }
        };
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      for (int sample : plan.order[epoch]) {
        hits += cached.put(sample, true) != null && epoch > 0 ? 1 : 0;
      }
    }
    return (double) hits / SAMPLES / (EPOCHS - 1);
  }

  @ParameterizedTest
  @CsvSource({
    "0.1,true",
    "0.1,false",
    "0.25,true",
    "0.25,false",
    "0.5,true",
    "0.5,false",
    "0.75,true",
    "0.75,false",
    "0.9,true",
    "0.9,false"
  })
  void hitsReachTheBoundAndSpreadEvenly(double ratio, boolean reshuffled) throws Exception {
    TestPlan plan = new TestPlan(reshuffled, 11, true);
    int poolBlocks = (int) (ratio * SAMPLES);
    int[][] hits = hits(poolBlocks, plan);
    assertEquals(0, Arrays.stream(hits[0]).sum());
    for (int epoch = 1; epoch < EPOCHS; epoch++) {
      TestPlan.requireEvenHits(hits[epoch], 0.99 * poolBlocks, Arrays.deepToString(hits));
    }
    assertTrue(lruHits(poolBlocks, plan) < ratio, "LRU is the printed rival, not the better one");
  }

  @Test
  void aPlanWithoutEpochsReachesTheBoundToo() throws Exception {
    int[][] hits = hits(SAMPLES / 2, new TestPlan(true, 5, false));
    for (int epoch = 1; epoch < EPOCHS; epoch++) {
      assertTrue(
          Arrays.stream(hits[epoch]).sum() >= 0.99 * SAMPLES / 2,
          () -> "hits " + Arrays.deepToString(hits));
    }
  }

  @Test
  void twoPlansOnOneShardFetchWhileCachedOnce() throws Exception {
    CacheConfig config = CacheConfig.of((SAMPLES + 8L) * BLOCK, BLOCK);
    try (CacheHarness harness = new CacheHarness(config, Faults.NONE, 1)) {
      Shard shard = harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      TestPlan one = new TestPlan(true, 1, true);
      TestPlan two = new TestPlan(true, 2, true);
      try (CacheSession a = harness.cache.session(2L * BLOCK, one);
          CacheSession b = harness.cache.session(2L * BLOCK, two);
          ByteSource fromA = a.open(0, shard.object(), null, -1);
          ByteSource fromB = b.open(0, shard.object(), null, -1)) {
        long head = harness.memory.bytesRead("shard-0");
        for (int i = 0; i < SAMPLES; i++) {
          one.position = i;
          two.position = i;
          int x = one.order[0][i] * BLOCK;
          int y = two.order[0][i] * BLOCK;
          CacheHarness.check(shard, fromA.request(x, BLOCK), x, BLOCK);
          CacheHarness.check(shard, fromB.request(y, BLOCK), y, BLOCK);
        }
        assertEquals((long) SAMPLES * BLOCK, harness.memory.bytesRead("shard-0") - head);
      }
    }
  }
}
