package dev.penstock.formats;

import java.util.Arrays;

/** The fields of one sample while it is put together: ids and places in growing arrays. */
final class SampleFields {
  /** Bound on the fields of one sample. */
  static final int MAX_FIELDS = 65_535;

  private int[] nameIds = new int[8];
  private long[] offsets = new long[8];
  private long[] lengths = new long[8];
  private int count;

  /** The sample in which each name was last seen, and as which field, to find duplicates. */
  private int[] seenIn = new int[8];

  private int[] seenAs = new int[8];
  private int sample;

  void clear() {
    count = 0;
    if (++sample == 0) {
      Arrays.fill(seenIn, 0);
      sample = 1;
    }
  }

  /** The field of this sample that has the name, or -1. */
  int find(int nameId) {
    return nameId < seenIn.length && seenIn[nameId] == sample ? seenAs[nameId] : -1;
  }

  /** Adds a field; false if there are too many. */
  boolean add(int nameId, long offset, long length) {
    if (count == MAX_FIELDS) {
      return false;
    }
    if (count == nameIds.length) {
      nameIds = Arrays.copyOf(nameIds, count * 2);
      offsets = Arrays.copyOf(offsets, count * 2);
      lengths = Arrays.copyOf(lengths, count * 2);
    }
    if (nameId >= seenIn.length) {
      int capacity = Math.max(nameId + 1, seenIn.length * 2);
      seenIn = Arrays.copyOf(seenIn, capacity);
      seenAs = Arrays.copyOf(seenAs, capacity);
    }
    seenIn[nameId] = sample;
    seenAs[nameId] = count;
    nameIds[count] = nameId;
    set(count, offset, length);
    count++;
    return true;
  }

  void set(int field, long offset, long length) {
    offsets[field] = offset;
    lengths[field] = length;
  }

  int count() {
    return count;
  }

  int nameId(int field) {
    return nameIds[field];
  }

  long offset(int field) {
    return offsets[field];
  }

  long length(int field) {
    return lengths[field];
  }
}
