package dev.penstock.sharding;

/**
 * The default parameters of an order, from the dataset and the global batch alone. The figures are
 * explained in {@code docs/order.md}; those for closed shards in decision 0010.
 */
final class OrderDefaults {
  private static final long MIB = 1L << 20;
  private static final int WINDOW_MAX = 4096;
  private static final int EXTENTS_WANTED = 1024;
  private static final int GROUPS = 16;
  private static final int EXTENTS_PER_GROUP_MIN = 8;

  private OrderDefaults() {}

  static OrderSpec of(DatasetShape shape, Shuffle shuffle, End end, long seed, int globalBatch) {
    if (shuffle != Shuffle.BLOCK) {
      return new OrderSpec(shuffle, end, seed, globalBatch, 1, 1, 1, 1);
    }
    boolean closed = mostlyClosed(shape);
    int lanes = closed ? closedLanes(globalBatch) : openLanes(shape, globalBatch);
    int window = closed ? window(shape, lanes, 256 * MIB, 1 << 14) : openWindow(shape, lanes);
    int extent = extentSamples(shape);
    int groups = groups(shape, lanes, extent);
    return new OrderSpec(shuffle, end, seed, globalBatch, lanes, window, groups, extent);
  }

  /** Whether most samples lie in shards that can't be entered in the middle. */
  static boolean mostlyClosed(DatasetShape shape) {
    long samples = 0;
    for (int shard = 0; shard < shape.shardCount(); shard++) {
      if (shape.closed(shard)) {
        samples += shape.samplesIn(shard);
      }
    }
    return samples * 2 > shape.sampleCount();
  }

  /**
   * The number nearest 256, at least 64, that divides G or is a multiple of it. A dataset of fewer
   * than 65,536 samples takes sqrt(n) in place of 256 and of 64, so that lanes stay long enough for
   * windows to mix them.
   */
  private static int openLanes(DatasetShape shape, int globalBatch) {
    return lanes(shape.sampleCount(), OrderSpec.LANES_MAX, globalBatch);
  }

  /** As above, for any number of samples and of lanes that are allowed at most. */
  static int lanes(long samples, long most, int globalBatch) {
    double root = Math.sqrt((double) samples);
    int wanted = (int) Math.max(1, Math.min(256, root));
    int least = (int) Math.max(1, Math.min(64, root));
    int best = 0;
    for (int lanes = 1; lanes <= globalBatch / lanes; lanes++) {
      if (globalBatch % lanes == 0) {
        best = nearer(best, lanes, wanted, least, most);
        best = nearer(best, globalBatch / lanes, wanted, least, most);
      }
    }
    long below = Math.max(1, wanted / globalBatch) * (long) globalBatch;
    best = nearer(best, below, wanted, least, most);
    return Math.max(1, nearer(best, below + globalBatch, wanted, least, most));
  }

  /** The divisor of G nearest 8. */
  static int closedLanes(int globalBatch) {
    int best = 1;
    for (int lanes = 1; lanes <= globalBatch / lanes; lanes++) {
      if (globalBatch % lanes == 0) {
        best = nearer(best, lanes, 8, 1, OrderSpec.LANES_MAX);
        best = nearer(best, globalBatch / lanes, 8, 1, OrderSpec.LANES_MAX);
      }
    }
    return best;
  }

  private static int nearer(int best, long candidate, int wanted, int least, long most) {
    if (candidate < least || candidate > Math.min(most, OrderSpec.LANES_MAX)) {
      return best;
    }
    if (best == 0) {
      return (int) candidate;
    }
    long was = Math.abs((long) best - wanted);
    long is = Math.abs(candidate - wanted);
    return is < was || (is == was && candidate < best) ? (int) candidate : best;
  }

  private static int openWindow(DatasetShape shape, int lanes) {
    return window(shape, lanes, 2048 * MIB, 1 << 16);
  }

  /** The power of two for which the working set is nearest the smaller of two limits. */
  private static int window(DatasetShape shape, int lanes, long bytes, long samples) {
    double mean = Math.max(1, shape.meanSampleBytes());
    return window(lanes, Math.min((double) samples, bytes / mean));
  }

  /** The power of two, 1 to 4,096, for which lanes times window is nearest a target. */
  static int window(int lanes, double target) {
    int best = 1;
    for (int window = 2; window <= WINDOW_MAX; window *= 2) {
      double was = Math.abs((double) lanes * best - target);
      if (Math.abs((double) lanes * window - target) < was) {
        best = window;
      }
    }
    return best;
  }

  /** 64 MiB worth, or less where that would leave fewer than 1,024 pieces to shuffle. */
  static int extentSamples(DatasetShape shape) {
    double mean = Math.max(1, shape.meanSampleBytes());
    long worth = Math.max(1, Math.round(64 * MIB / mean));
    long pieces = Math.ceilDiv(Math.max(1, shape.sampleCount()), (long) EXTENTS_WANTED);
    return (int) Math.min(Integer.MAX_VALUE, Math.min(worth, pieces));
  }

  /**
   * 16 when every group surely has at least 8 extents, whatever order the seed gives the shards.
   */
  static int groups(DatasetShape shape, int lanes, int extentSamples) {
    if (lanes % GROUPS != 0) {
      return 1;
    }
    long largest = 1;
    for (int shard = 0; shard < shape.shardCount(); shard++) {
      int samples = shape.samplesIn(shard);
      largest = Math.max(largest, shape.closed(shard) ? samples : Math.min(samples, extentSamples));
    }
    long perGroup = shape.sampleCount() / lanes * (lanes / GROUPS);
    return perGroup >= EXTENTS_PER_GROUP_MIN * largest ? GROUPS : 1;
  }
}
