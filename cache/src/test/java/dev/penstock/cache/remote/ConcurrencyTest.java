package dev.penstock.cache.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Against models of stores, in simulated time. */
final class ConcurrencyTest {
  private static final long MIB = 1 << 20;

  /**
   * Answers of 8 MiB from a store that gives each request so much, and all together at most so
   * much.
   */
  private static int settled(Concurrency concurrency, double each, double together, int answers) {
    double now = 1;
    for (int i = 0; i < answers; i++) {
      double rate = Math.min(together, each * concurrency.limit());
      now += 8 * MIB / rate;
      concurrency.answered(8 * MIB, true, (long) now);
    }
    return concurrency.limit();
  }

  @Test
  void growsUntilTheLinkIsFullAndNotFarBeyond() {
    double perRequest = 0.1; // bytes a nanosecond
    int limit = settled(new Concurrency(8, 256), perRequest, 40 * perRequest, 5_000);
    assertTrue(limit >= 36 && limit <= 80, "limit " + limit);
  }

  @Test
  void staysWithinItsBounds() {
    int limit = settled(new Concurrency(8, 16), 0.1, 100, 5_000);
    assertTrue(limit >= 12 && limit <= 16, "limit " + limit);
    Concurrency one = new Concurrency(1, 1);
    assertEquals(1, settled(one, 0.1, 1, 100));
  }

  @Test
  void halvesOnceForEachRoundOfRefusals() {
    Concurrency concurrency = new Concurrency(32, 64);
    for (int i = 0; i < 30; i++) {
      concurrency.throttled(1_000 + i, 1_000_000);
    }
    assertEquals(16, concurrency.limit());
    concurrency.throttled(3_000_000, 1_000_000);
    assertEquals(8, concurrency.limit());
    for (int i = 0; i < 10; i++) {
      concurrency.throttled(10_000_000L * (i + 1), 1_000_000);
    }
    assertEquals(1, concurrency.limit());
  }

  @Test
  void learnsNothingWhileItsReadersAskForLess() {
    Concurrency concurrency = new Concurrency(8, 64);
    for (int i = 1; i < 1_000; i++) {
      concurrency.answered(8 * MIB, false, i * 1_000_000L);
    }
    assertEquals(8, concurrency.limit());
  }
}
