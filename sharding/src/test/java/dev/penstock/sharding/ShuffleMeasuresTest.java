package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The measures of orders whose values are known. */
class ShuffleMeasuresTest {
  private static final int N = 20_000;
  private static final int BATCH = 128;
  private static final int[] SHARDS = IntStream.range(0, N).map(i -> i / 500).toArray();

  @Test
  void aRandomPermutationHasTheExpectedValues() {
    ShuffleQuality random = ShuffleQuality.of(ShuffleQuality.fisherYates(N, 3), 4, SHARDS, BATCH);
    assertEquals(1.0 / 3, random.moved(), 0.005);
    assertEquals(2, random.neighbours(), 2.5);
    assertEquals(0, random.correlation(), 0.02);
    assertEquals(1, random.chiSquare(), 0.4);
    assertEquals(1, random.together(), 0.2);
    assertEquals(1, random.shards(), 0.01);
    assertEquals(1, random.recurrence(), 0.1);
  }

  @Test
  void theStoredOrderIsAsFarFromThatAsCanBe() {
    int[] stored = IntStream.range(0, N).toArray();
    ShuffleQuality quality = ShuffleQuality.of(epoch -> stored, 2, SHARDS, BATCH);
    assertEquals(0, quality.moved());
    assertEquals(N - 1, quality.neighbours());
    assertTrue(quality.correlation() > 0.99);
    assertTrue(quality.chiSquare() > 1000);
    assertTrue(quality.shards() < 0.05);
    // The pairs of every full batch meet again.
    assertEquals((N - 1.0) / (BATCH - 1), quality.recurrence(), 1e-9);
  }
}
