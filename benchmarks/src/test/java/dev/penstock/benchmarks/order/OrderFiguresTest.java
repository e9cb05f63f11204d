package dev.penstock.benchmarks.order;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.sharding.Shuffle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What an order costs at 10^9 samples in 10^6 shards. Prints figures; only memory decides, never
 * time.
 */
class OrderFiguresTest {
  private static final int SHARDS = 1_000_000;
  private static final int BATCH = 8192;
  private static final long MIB = 1 << 20;

  @ParameterizedTest
  @EnumSource(
      value = Shuffle.class,
      names = {"BLOCK", "GLOBAL", "NONE"})
  void everyOrderKeepsWithinItsMemory(Shuffle shuffle) {
    OrderFigures figures = OrderFigures.measure(shuffle, SHARDS, 1000, BATCH);
    System.out.println(String.join(System.lineSeparator(), figures.lines()));
    assertTrue(figures.heldBytes() < 256 * MIB, figures.toString());
    assertEquals(2, figures.ranks().size());
    for (OrderFigures.Rank rank : figures.ranks()) {
      assertTrue(rank.heapBytesPerRow() < 1, figures.toString());
    }
    assertEquals(BATCH, figures.ranks().getFirst().rows());
    assertTrue(figures.nextUseMicros() > 0 && figures.seekMillis() > 0);
  }
}
