package dev.penstock.sharding;

/**
 * The cuts of a dataset into extents: the pieces that an epoch's shuffle moves. Shards lie in
 * stored order (one group) or in an order fixed by the seed, and are cut every {@code
 * extentSamples} from their start (closed ones are not) and at the borders of groups. Immutable; 16
 * bytes an extent.
 */
final class Extents {
  /** 20 bytes of static table and 16 of each epoch's an extent: 1.2 GiB at this limit. */
  static final long COUNT_MAX = 1L << 24;

  private final DatasetShape shape;
  private final int count;
  private final long[] first;
  private final int[] length;
  private final int[] shard;
  private final int[] shardExtent;
  private final int[] groupExtent;

  Extents(DatasetShape shape, OrderSpec spec, Lanes lanes) {
    this.shape = shape;
    int[] shards = shardOrder(shape, spec);
    long bound = countBound(shape, spec);
    if (bound > COUNT_MAX) {
      throw new IllegalArgumentException(
          "extentSamples: "
              + spec.extentSamples()
              + " cuts the dataset's "
              + shape.sampleCount()
              + " samples into about "
              + bound
              + " extents, at most "
              + COUNT_MAX
              + " are allowed; choose larger extents");
    }
    Cutter cutter = new Cutter(shape, spec, lanes, (int) bound);
    cutter.cut(shards);
    this.count = cutter.count;
    this.first = cutter.first;
    this.length = cutter.length;
    this.shard = cutter.shard;
    this.shardExtent = cutter.shardExtent;
    this.groupExtent = cutter.groupExtent;
  }

  int count() {
    return count;
  }

  /** The dataset's number of an extent's first sample. */
  long first(int extent) {
    return first[extent];
  }

  int length(int extent) {
    return length[extent];
  }

  int shard(int extent) {
    return shard[extent];
  }

  int groups() {
    return groupExtent.length - 1;
  }

  /** The first extent of a group; for the number of groups, the count of extents. */
  int groupStart(int group) {
    return groupExtent[group];
  }

  /** The extent that holds a sample. */
  int extentOf(long sample) {
    int inShard = shape.shardOf(sample);
    int low = shardExtent[inShard];
    int high = count - 1;
    // A shard's extents stand together and in rising order; those behind it belong to other shards.
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (shard[middle] == inShard && first[middle] <= sample) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private static int[] shardOrder(DatasetShape shape, OrderSpec spec) {
    int[] order = new int[shape.shardCount()];
    if (spec.groups() == 1) {
      for (int i = 0; i < order.length; i++) {
        order[i] = i;
      }
    } else {
      Keyed.permutation(order, order.length, Keyed.key(spec.seed(), Keyed.SHARD_ORDER, 0));
    }
    return order;
  }

  private static long countBound(DatasetShape shape, OrderSpec spec) {
    long extents = spec.groups() - 1L;
    for (int shard = 0; shard < shape.shardCount(); shard++) {
      int samples = shape.samplesIn(shard);
      extents +=
          shape.closed(shard)
              ? Math.min(1, samples)
              : Math.ceilDiv((long) samples, (long) spec.extentSamples());
    }
    return extents;
  }

  /** Walks the shards once and writes the tables. */
  private static final class Cutter {
    private final DatasetShape shape;
    private final OrderSpec spec;
    private final Lanes lanes;
    private final long[] first;
    private final int[] length;
    private final int[] shard;
    private final int[] shardExtent;
    private final int[] groupExtent;
    private int count;
    private int group;
    private long base;

    Cutter(DatasetShape shape, OrderSpec spec, Lanes lanes, int bound) {
      this.shape = shape;
      this.spec = spec;
      this.lanes = lanes;
      this.first = new long[bound];
      this.length = new int[bound];
      this.shard = new int[bound];
      this.shardExtent = new int[shape.shardCount()];
      this.groupExtent = new int[spec.groups() + 1];
    }

    void cut(int[] order) {
      for (int one : order) {
        shardExtent[one] = count;
        cutShard(one);
      }
      while (group < spec.groups()) {
        groupExtent[++group] = count;
      }
    }

    private void cutShard(int one) {
      int samples = shape.samplesIn(one);
      int stride = shape.closed(one) ? Integer.MAX_VALUE : spec.extentSamples();
      int from = 0;
      while (from < samples) {
        passBorders();
        long to = Math.min(samples, from - from % stride + (long) stride);
        to = Math.min(to, from + lanes.groupEnd(group) - base);
        first[count] = shape.firstSample(one) + from;
        length[count] = (int) (to - from);
        shard[count] = one;
        count++;
        base += to - from;
        from = (int) to;
      }
    }

    private void passBorders() {
      while (group < spec.groups() - 1 && base >= lanes.groupEnd(group)) {
        groupExtent[++group] = count;
      }
    }
  }
}
