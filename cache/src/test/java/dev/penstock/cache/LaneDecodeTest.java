package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.ByteBudget.Reservation;
import dev.penstock.cache.CacheHarness.Shard;
import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.ByteSource.ByteLease;
import dev.penstock.formats.Codec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The pattern of an epoch: lanes, each forward through its own shard, permuted in windows. */
@Timeout(60)
final class LaneDecodeTest {
  private static final int BLOCK = 4096;
  private static final int LANES = 8;
  private static final int SAMPLE = 1500;
  private static final int SAMPLES_PER_SHARD = 200;

  /** Where each sample of each shard comes in the epoch. */
  private static final class Plan implements NextUse {
    final List<int[]> steps = new ArrayList<>();
    final int[][] place = new int[LANES][SAMPLES_PER_SHARD];
    volatile long position;

    Plan(int window) {
      Random random = new Random(3);
      List<List<Integer>> lanes = new ArrayList<>();
      for (int lane = 0; lane < LANES; lane++) {
        List<Integer> order = new ArrayList<>();
        for (int at = 0; at < SAMPLES_PER_SHARD; at += window) {
          List<Integer> part = new ArrayList<>();
          for (int i = at; i < Math.min(SAMPLES_PER_SHARD, at + window); i++) {
            part.add(i);
          }
          Collections.shuffle(part, random);
          order.addAll(part);
        }
        lanes.add(order);
      }
      for (int i = 0; i < SAMPLES_PER_SHARD; i++) {
        for (int lane = 0; lane < LANES; lane++) {
          place[lane][lanes.get(lane).get(i)] = steps.size();
          steps.add(new int[] {lane, lanes.get(lane).get(i)});
        }
      }
    }

    @Override
    public long after(int shard, long offset, long length) {
      long nearest = NEVER;
      int last = (int) Math.min(SAMPLES_PER_SHARD - 1, (offset + length - 1) / SAMPLE);
      for (int sample = (int) (offset / SAMPLE); sample <= last; sample++) {
        if (place[shard][sample] > position) {
          nearest = Math.min(nearest, place[shard][sample]);
        }
      }
      return nearest;
    }

    @Override
    public long position() {
      return position;
    }

    @Override
    public long epochLength() {
      return steps.size();
    }
  }

  private record Asked(int lane, int sample, ByteLease lease) {}

  private static void readEpoch(CacheHarness harness, Plan plan, long quota) throws Exception {
    try (CacheSession session = harness.cache.session(quota, plan)) {
      List<ByteSource> sources = new ArrayList<>();
      for (Shard shard : harness.shards) {
        sources.add(session.open(sources.size(), shard.object(), null, shard.plain().length));
      }
      ArrayDeque<Asked> asked = new ArrayDeque<>();
      for (int i = 0; i < plan.steps.size(); i++) {
        plan.position = i;
        int[] step = plan.steps.get(i);
        asked.add(
            new Asked(
                step[0], step[1], sources.get(step[0]).request((long) step[1] * SAMPLE, SAMPLE)));
        if ((asked.size() + 1) * session.pinnedBytesMax(SAMPLE) > quota) {
          finish(harness, asked.removeFirst());
        }
      }
      for (Asked rest : asked) {
        finish(harness, rest);
      }
    }
  }

  private static void finish(CacheHarness harness, Asked asked) throws Exception {
    CacheHarness.check(
        harness.shards.get(asked.lane()), asked.lease(), asked.sample() * SAMPLE, SAMPLE);
  }

  @ParameterizedTest
  @CsvSource({"ZSTD,true", "ZSTD,false", "GZIP,true", "LZ4,false"})
  void nothingIsDecodedTwiceWhileTheWindowsFit(Codec codec, boolean ramTier) throws Exception {
    int window = 40;
    long windowBlocks = LANES * (window * SAMPLE / BLOCK + 4L);
    CacheConfig config =
        CacheConfig.of((windowBlocks * 2 + 32) * BLOCK, BLOCK)
            .withRamTier(ramTier)
            .withDecoding(2, LANES);
    try (CacheHarness harness = new CacheHarness(config, Faults.NONE, 1)) {
      for (int lane = 0; lane < LANES; lane++) {
        harness.add(SAMPLES_PER_SHARD * SAMPLE, codec, 1 << 20);
      }
      readEpoch(harness, new Plan(window), 32L * BLOCK);
      CacheStats stats = harness.cache.stats();
      assertEquals(0, stats.wastedBytes());
      assertEquals((long) LANES * SAMPLES_PER_SHARD * SAMPLE, stats.decodedBytes());
    }
  }

  @ParameterizedTest
  @CsvSource({"8", "3", "1"})
  void tooLittleMemoryCostsDecodingTwiceAndSaysSo(int streams) throws Exception {
    CacheConfig config = CacheConfig.of(20L * BLOCK, BLOCK).withDecoding(2, streams);
    try (CacheHarness harness = new CacheHarness(config, Faults.NONE, 1)) {
      for (int lane = 0; lane < LANES; lane++) {
        harness.add(SAMPLES_PER_SHARD * SAMPLE, Codec.LZ4, 1 << 20);
      }
      readEpoch(harness, new Plan(40), 16L * BLOCK);
      CacheStats stats = harness.cache.stats();
      assertTrue(stats.wastedBytes() > 0);
      assertTrue(stats.decodedBytes() > (long) LANES * SAMPLES_PER_SHARD * SAMPLE);
    }
  }

  @ParameterizedTest
  @CsvSource({"1.2, 2", "1.2, 4", "2.5, 2", "4.5, 4"})
  void streamsWhoseDecodersDoNotFitTheBudgetWait(double decoders, int threads) throws Exception {
    CacheConfig config = CacheConfig.of(300L * BLOCK, BLOCK).withDecoding(threads, LANES);
    try (CacheHarness harness = new CacheHarness(config, Faults.NONE, 1)) {
      for (int lane = 0; lane < LANES; lane++) {
        harness.add(SAMPLES_PER_SHARD * SAMPLE, Codec.ZSTD, 1 << 20);
      }
      long one;
      try (CacheSession session = harness.cache.session(32L * BLOCK, new Plan(40))) {
        Shard first = harness.shards.getFirst();
        ByteSource source = session.open(0, first.object(), null, first.plain().length);
        CacheHarness.check(first, source.request(0, SAMPLE), 0, SAMPLE);
        one = Objects.requireNonNull(harness.budget.usedByPurpose().get("decoders"));
      }
      long left = (long) (one * decoders);
      try (Reservation others =
          harness.budget.reserve("others", harness.budget.freeBytes() - left)) {
        assertTrue(others.bytes() > 0);
        for (int epoch = 0; epoch < 20; epoch++) {
          readEpoch(harness, new Plan(40), 32L * BLOCK);
        }
      }
    }
  }
}
