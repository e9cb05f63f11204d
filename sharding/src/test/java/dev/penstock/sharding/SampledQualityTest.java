package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Some batches of an order stand for all of them. */
class SampledQualityTest {
  private static DatasetShape shape(int shards, int samplesEach) {
    int[] samples = new int[shards];
    long[] bytes = new long[shards];
    Arrays.fill(samples, samplesEach);
    Arrays.fill(bytes, samplesEach * 110_000L);
    return DatasetShape.of("f", samples, bytes, new boolean[shards]);
  }

  private static Plan plan(DatasetShape shape, Shuffle shuffle, int batch) {
    return Plan.of(shape, OrderSpec.defaults(shape, shuffle, End.DROP, 7, batch));
  }

  @ParameterizedTest
  @EnumSource(value = Shuffle.class, mode = EnumSource.Mode.EXCLUDE, names = "ARRIVAL")
  void ofASmallDatasetEveryBatchIsMeasured(Shuffle shuffle) {
    DatasetShape shape = shape(40, 512);
    Plan plan = plan(shape, shuffle, 128);
    int n = (int) shape.sampleCount();
    int[][] orders = new int[2][n];
    for (int epoch = 0; epoch < 2; epoch++) {
      for (int i = 0; i < n; i++) {
        orders[epoch][i] = (int) plan.sampleAt(epoch, i);
      }
    }
    int[] shardOf = new int[n];
    Arrays.setAll(shardOf, shape::shardOf);
    ShuffleQuality exact = ShuffleQuality.of(epoch -> orders[epoch], 2, shardOf, 128);
    SampledQuality sampled = SampledQuality.of(plan).orElseThrow();
    assertEquals(160, sampled.measured());
    assertEquals(160, sampled.batches());
    assertEquals(exact.recurrence(), sampled.measures().recurrence(), 1e-9);
    // The same measures of one epoch rather than of two.
    assertEquals(exact.moved(), sampled.measures().moved(), 0.01);
    assertEquals(exact.shards(), sampled.measures().shards(), 0.01);
    assertEquals(exact.together(), sampled.measures().together(), 0.1 * exact.together() + 0.2);
  }

  @ParameterizedTest
  @EnumSource(value = Shuffle.class, mode = EnumSource.Mode.EXCLUDE, names = "ARRIVAL")
  void someBatchesSayWhatAllOfThemSay(Shuffle shuffle) {
    DatasetShape shape = shape(147, 8715);
    Plan plan = plan(shape, shuffle, 1024);
    int n = (int) shape.sampleCount();
    int[] shardOf = new int[n];
    Arrays.setAll(shardOf, shape::shardOf);
    ShuffleQuality all =
        ShuffleQuality.of(
            epoch -> {
              int[] order = new int[n];
              Arrays.setAll(order, i -> (int) plan.sampleAt(epoch, i));
              return order;
            },
            2,
            shardOf,
            1024);
    SampledQuality sampled = SampledQuality.of(plan).orElseThrow();
    ShuffleQuality some = sampled.measures();
    assertEquals(256, sampled.measured());
    assertEquals(1251, sampled.batches());
    assertEquals(sampled, SampledQuality.of(plan).orElseThrow(), "the same whenever asked");
    assertEquals(all.moved(), some.moved(), 0.01);
    assertEquals(all.correlation(), some.correlation(), 0.01);
    assertEquals(all.together(), some.together(), 0.03 * all.together() + 0.05);
    assertEquals(all.shards(), some.shards(), 0.01);
    assertEquals(all.recurrence(), some.recurrence(), 0.02 * all.recurrence());
    assertEquals(all.together() * 1023 / (n - 1), sampled.successors(), 0.01);
  }

  @Test
  void aHugeDatasetTakesNoMoreWork() {
    DatasetShape shape = shape(1_000_000, 1000);
    SampledQuality global = SampledQuality.of(plan(shape, Shuffle.GLOBAL, 8192)).orElseThrow();
    assertEquals(32, global.measured());
    assertEquals(122_070, global.batches());
    assertEquals(1.0 / 3, global.measures().moved(), 0.002);
    assertEquals(1, global.measures().shards(), 0.001);
    assertEquals(1, global.measures().recurrence(), 0.1);
    assertEquals(1, global.measures().chiSquare(), 0.4);
    assertTrue(global.measures().together() < 5, global.toString());
    SampledQuality stored = SampledQuality.of(plan(shape, Shuffle.NONE, 8192)).orElseThrow();
    assertEquals(0, stored.measures().moved());
    assertTrue(stored.successors() > 0.999, stored.toString());
  }

  @Test
  void whatHasNoTwoBatchesHasNoQuality() {
    assertEquals(Optional.empty(), SampledQuality.of(plan(shape(1, 255), Shuffle.BLOCK, 128)));
    assertEquals(Optional.empty(), SampledQuality.of(plan(shape(1, 255), Shuffle.BLOCK, 1)));
  }
}
