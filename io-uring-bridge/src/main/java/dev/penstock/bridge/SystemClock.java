package dev.penstock.bridge;

import java.time.Duration;

/**
 * The kernel's CLOCK_MONOTONIC, which processes of one machine share: moments that one of them
 * wrote can be compared in another.
 */
public final class SystemClock {
  private static final boolean NANO_TIME_IS_MONOTONIC = check();

  private SystemClock() {}

  /**
   * Nanoseconds of CLOCK_MONOTONIC, which the processes of one machine share: moments that one of
   * them wrote can be compared in another.
   */
  public static long monotonicNanos() {
    return NANO_TIME_IS_MONOTONIC
        ? System.nanoTime()
        : ProcessCalls.clockNanos(ProcessCalls.CLOCK_MONOTONIC);
  }

  /** Nanoseconds of processor time that all threads of this process have used. */
  public static long processCpuNanos() {
    return Native.available()
        ? ProcessCalls.clockNanos(ProcessCalls.CLOCK_PROCESS_CPUTIME_ID)
        : ProcessHandle.current().info().totalCpuDuration().map(Duration::toNanos).orElse(0L);
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
      long kernel = ProcessCalls.clockNanos(ProcessCalls.CLOCK_MONOTONIC);
      long after = System.nanoTime();
      if (kernel < before || kernel > after) {
        return false;
      }
    }
    return true;
  }

  /** How {@link #monotonicNanos} is read, for people. */
  static String description() {
    return NANO_TIME_IS_MONOTONIC ? "System.nanoTime" : "clock_gettime";
  }
}
