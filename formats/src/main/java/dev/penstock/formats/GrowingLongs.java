package dev.penstock.formats;

import java.util.Arrays;

/** A list of longs, for building a column. */
final class GrowingLongs {
  private long[] values = new long[16];
  private int count;

  void add(long value) {
    if (count == values.length) {
      values = Arrays.copyOf(values, count * 2);
    }
    values[count++] = value;
  }

  int count() {
    return count;
  }

  long get(int index) {
    return values[index];
  }

  /** Forgets all but the first {@code newCount}. */
  void truncate(int newCount) {
    count = Math.min(count, newCount);
  }

  PackedLongs pack() {
    return PackedLongs.of(values, count);
  }
}
