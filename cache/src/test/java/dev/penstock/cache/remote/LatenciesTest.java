package dev.penstock.cache.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

final class LatenciesTest {
  @Test
  void knowsNothingOfTooFewAnswersAndOfOtherSizes() {
    Latencies latencies = new Latencies();
    for (int i = 0; i < 15; i++) {
      latencies.add(1 << 20, 5, 50);
    }
    assertEquals(-1, latencies.firstByteNanos());
    latencies.add(1 << 20, 5, 50);
    assertEquals(5, latencies.firstByteNanos());
    assertEquals(50, latencies.wholeNanos((2 << 20) - 1));
    assertEquals(-1, latencies.wholeNanos(2 << 20));
  }

  /** Of the last 256 answers five in a hundred are above, whatever came before. */
  @Property(tries = 100)
  void fiveOfAHundredAreAbove(@ForAll long seed) {
    Latencies latencies = new Latencies();
    SplittableRandom random = new SplittableRandom(seed);
    long[] last = new long[256];
    for (int i = 0; i < 1024; i++) {
      last[i % 256] = random.nextLong(1, 1_000_000);
      latencies.add(8 << 20, last[i % 256], 2 * last[i % 256]);
    }
    long high = latencies.firstByteNanos();
    assertEquals(2 * high, latencies.wholeNanos(8 << 20));
    assertTrue(above(last, high) <= 12, () -> above(last, high) + " above");
    assertTrue(above(last, high - 1) > 12);
  }

  private static long above(long[] values, long level) {
    return Arrays.stream(values).filter(value -> value > level).count();
  }
}
