package dev.penstock.cache.remote;

import java.util.Arrays;

/**
 * How long answers take, by size class: the running 95th percentile over the last answers, of the
 * time until the first byte and of the whole. Thread-safe.
 */
final class Latencies {
  private static final int KEPT = 256;
  private static final int ENOUGH = 16;
  private static final int CLASSES = 40;

  /** Which answers count as of one size: within a factor of two. */
  private static int sizeClass(long bytes) {
    return Math.min(CLASSES - 1, 63 - Long.numberOfLeadingZeros(Math.max(1, bytes)));
  }

  private static final class Window {
    private final long[] nanos = new long[KEPT];
    private int next;
    private int filled;
    private long high = -1;

    void add(long value) {
      nanos[next] = value;
      next = (next + 1) % KEPT; // no count of all: that would overflow within days
      filled = Math.min(KEPT, filled + 1);
      if (next % ENOUGH == 0) {
        long[] sorted = Arrays.copyOf(nanos, filled);
        Arrays.sort(sorted);
        high = sorted[(int) Math.ceil(filled * 0.95) - 1];
      }
    }
  }

  private final Window firstByte = new Window();
  private final Window[] whole = new Window[CLASSES];

  /**
   * An answer of {@code bytes} bytes came, or has been waited for so long: one that is asked for
   * twice counts with the time until then, or the slow ones would be missing.
   */
  synchronized void add(long bytes, long firstByteNanos, long wholeNanos) {
    firstByte.add(firstByteNanos);
    int size = sizeClass(bytes);
    Window window = whole[size];
    if (window == null) {
      window = new Window();
      whole[size] = window;
    }
    window.add(wholeNanos);
  }

  /** Time until the first byte that 95 of 100 answers keep, or -1 while too few are known. */
  synchronized long firstByteNanos() {
    return firstByte.high;
  }

  /** The same for whole answers of about {@code bytes} bytes. */
  synchronized long wholeNanos(long bytes) {
    Window window = whole[sizeClass(bytes)];
    return window == null ? -1 : window.high;
  }
}
