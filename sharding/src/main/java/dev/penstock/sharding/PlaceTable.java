package dev.penstock.sharding;

/**
 * Shard and number in the shard of any sample with one load: for looking up many samples at random
 * places, where each load of a large table waits for memory. One entry for each stretch of {@code
 * 2^shift} samples: the shard that holds the first of them, that one's number in the shard, and
 * where in the stretch the next shard begins. Stretches that see more than two shards, or numbers
 * too large for an entry, are left to {@link DatasetShape#shardOf}. Immutable.
 */
final class PlaceTable {
  private static final int BORDER_BITS = 12;
  private static final int NUMBER_BITS = 26;
  private static final int SHARD_BITS = Long.SIZE - BORDER_BITS - NUMBER_BITS;
  private static final long BORDER_MASK = (1L << BORDER_BITS) - 1;
  private static final long NUMBER_MASK = (1L << NUMBER_BITS) - 1;
  private static final int SHIFT_MAX = BORDER_BITS - 1;

  /**
   * An entry that says nothing: no border is 0, since a shard that begins there holds the first.
   */
  private static final long UNKNOWN = 0;

  private final DatasetShape shape;
  private final int shift;
  private final long[] entries;

  /** At most about four entries a shard, and few where shards are large. */
  PlaceTable(DatasetShape shape) {
    this.shape = shape;
    long samples = shape.sampleCount();
    int wanted = 0;
    while (wanted < SHIFT_MAX && samples >>> wanted > 2L * Math.max(1, shape.shardCount())) {
      wanted++;
    }
    boolean small = samples >>> wanted <= 4L * Math.max(1 << 10, shape.shardCount());
    this.shift = wanted;
    this.entries = new long[small ? (int) ((samples + (1L << wanted) - 1) >>> wanted) : 0];
    fill();
  }

  private void fill() {
    int shard = 0;
    for (int i = 0; i < entries.length; i++) {
      long first = (long) i << shift;
      while (shape.firstSample(shard + 1) <= first) {
        shard++;
      }
      entries[i] = entry(shard, first);
    }
  }

  private long entry(int shard, long first) {
    long stretch = 1L << shift;
    long number = first - shape.firstSample(shard);
    long border = Math.min(stretch, shape.firstSample(shard + 1) - first);
    boolean next = border < stretch && shard + 1 < shape.shardCount();
    if (number > NUMBER_MASK
        || shard >= 1L << SHARD_BITS
        || (next && shape.firstSample(shard + 2) - first < stretch)) {
      return UNKNOWN;
    }
    return (long) shard << (NUMBER_BITS + BORDER_BITS) | number << BORDER_BITS | border;
  }

  /** Writes shard and number in the shard of the first {@code count} samples. */
  void places(long[] samples, int count, int[] shards, int[] numbers) {
    if (entries.length == 0) {
      for (int i = 0; i < count; i++) {
        search(samples[i], i, shards, numbers);
      }
      return;
    }
    boolean allKnown = true;
    long mask = (1L << shift) - 1;
    for (int i = 0; i < count; i++) {
      long entry = entries[(int) (samples[i] >>> shift)];
      int inStretch = (int) (samples[i] & mask);
      int border = (int) (entry & BORDER_MASK);
      // All ones where the sample belongs to the next shard: no branch waits for the load.
      int behind = (border - 1 - inStretch) >> 31;
      int number = (int) (entry >>> BORDER_BITS & NUMBER_MASK);
      shards[i] = (int) (entry >>> (NUMBER_BITS + BORDER_BITS)) - behind;
      numbers[i] = inStretch + (number & ~behind) - (border & behind);
      allKnown &= entry != UNKNOWN;
    }
    if (!allKnown) {
      for (int i = 0; i < count; i++) {
        if (entries[(int) (samples[i] >>> shift)] == UNKNOWN) {
          search(samples[i], i, shards, numbers);
        }
      }
    }
  }

  private void search(long sample, int i, int[] shards, int[] numbers) {
    shards[i] = shape.shardOf(sample);
    numbers[i] = (int) (sample - shape.firstSample(shards[i]));
  }
}
