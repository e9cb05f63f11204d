package dev.penstock.sharding;

/**
 * The order of the extents in one epoch: which extent stands at which position, and the places
 * before it (the prefix sums {@code P}). 16 bytes an extent; nothing here grows with samples.
 * Immutable.
 */
final class EpochTable {
  private final long epoch;
  private final int[] extentAt;
  private final int[] positionOf;
  private final long[] placesBefore;

  EpochTable(Extents extents, long seed, long epoch) {
    this.epoch = epoch;
    int count = extents.count();
    this.extentAt = new int[count];
    this.positionOf = new int[count];
    this.placesBefore = new long[count + 1];
    for (int extent = 0; extent < count; extent++) {
      extentAt[extent] = extent;
    }
    for (int group = 0; group < extents.groups(); group++) {
      int from = extents.groupStart(group);
      int size = extents.groupStart(group + 1) - from;
      Keyed.shuffle(extentAt, from, size, Keyed.key(seed, Keyed.EXTENT_ORDER, epoch, group));
    }
    for (int position = 0; position < count; position++) {
      positionOf[extentAt[position]] = position;
      placesBefore[position + 1] = placesBefore[position] + extents.length(extentAt[position]);
    }
  }

  long epoch() {
    return epoch;
  }

  int extentAt(int position) {
    return extentAt[position];
  }

  int positionOf(int extent) {
    return positionOf[extent];
  }

  /** {@code P}: the places of all extents before a position. */
  long placesBefore(int position) {
    return placesBefore[position];
  }

  /** The position whose extent holds a place. */
  int positionAt(long place) {
    int low = 0;
    int high = extentAt.length - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (placesBefore[middle] <= place) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }
}
