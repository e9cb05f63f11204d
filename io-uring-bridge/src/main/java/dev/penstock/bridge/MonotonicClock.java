package dev.penstock.bridge;

/**
 * The kernel's CLOCK_MONOTONIC, which processes of one machine share: moments that one of them
 * wrote can be compared in another.
 */
public final class MonotonicClock {
  private static final boolean NANO_TIME_IS_MONOTONIC = check();

  private MonotonicClock() {}

  /** Nanoseconds of CLOCK_MONOTONIC. */
  public static long nanos() {
    return NANO_TIME_IS_MONOTONIC ? System.nanoTime() : ProcessCalls.monotonicNanos();
  }

  /**
   * HotSpot's nanoTime is CLOCK_MONOTONIC on Linux, without a promise. It is cheaper than a call of
   * our own, so it is used when the kernel's reading lies between two of its own.
   */
  private static boolean check() {
    if (!Native.available()) {
      return true;
    }
    for (int round = 0; round < 3; round++) {
      long before = System.nanoTime();
      long kernel = ProcessCalls.monotonicNanos();
      long after = System.nanoTime();
      if (kernel < before || kernel > after) {
        return false;
      }
    }
    return true;
  }

  /** How {@link #nanos} is read, for people. */
  static String description() {
    return NANO_TIME_IS_MONOTONIC ? "System.nanoTime" : "clock_gettime";
  }
}
