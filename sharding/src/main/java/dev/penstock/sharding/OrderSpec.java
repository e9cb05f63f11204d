package dev.penstock.sharding;

/**
 * The parameters of an order; with a {@link DatasetShape} they fix it completely, whatever the
 * number of ranks.
 *
 * @param shuffle how an epoch is ordered
 * @param end what happens at an epoch's incomplete step
 * @param seed any number
 * @param globalBatch samples of one step over all ranks, {@code G}
 * @param lanes logical readers over which an epoch is dealt, {@code L}; 1 unless {@code BLOCK}
 * @param window consecutive samples of a lane that are permuted among themselves, {@code k}; 1
 *     unless {@code BLOCK}
 * @param groups parts of the dataset that stay with their lanes in every epoch, {@code C}; divides
 *     the lanes
 * @param extentSamples samples of an extent, the run of samples that the epoch's shuffle moves
 */
public record OrderSpec(
    Shuffle shuffle,
    End end,
    long seed,
    int globalBatch,
    int lanes,
    int window,
    int groups,
    int extentSamples) {
  /** Above this a step's rows alone would need gigabytes. */
  static final int GLOBAL_BATCH_MAX = 1 << 24;

  static final int LANES_MAX = 1 << 20;
  static final int WINDOW_MAX = 1 << 24;

  /** Window tables take 4 bytes a sample: 256 MiB at this limit. */
  static final long WORKING_SET_MAX = 1L << 26;

  public OrderSpec {
    if (shuffle == Shuffle.ARRIVAL) {
      throw new IllegalArgumentException(
          "shuffle: arrival is not an order of epochs and steps; only none, block and global are");
    }
    range("globalBatch", globalBatch, 1, GLOBAL_BATCH_MAX);
    range("lanes", lanes, 1, shuffle == Shuffle.BLOCK ? LANES_MAX : 1);
    range("window", window, 1, shuffle == Shuffle.BLOCK ? WINDOW_MAX : 1);
    range("groups", groups, 1, lanes);
    range("extentSamples", extentSamples, 1, Integer.MAX_VALUE);
    if (lanes % groups != 0) {
      throw new IllegalArgumentException(
          "groups: " + groups + " does not divide the " + lanes + " lanes; choose a divisor");
    }
    if ((long) lanes * window > WORKING_SET_MAX) {
      throw new IllegalArgumentException(
          "lanes x window: "
              + lanes
              + " x "
              + window
              + " samples is too large a working set, at most "
              + WORKING_SET_MAX
              + " samples are allowed");
    }
  }

  /**
   * The order for a dataset when nothing but the batch is known. Depends on the dataset and the
   * global batch alone, so that fresh runs with other world sizes agree. {@code docs/order.md}
   * gives the rules.
   */
  public static OrderSpec defaults(
      DatasetShape shape, Shuffle shuffle, End end, long seed, int globalBatch) {
    range("globalBatch", globalBatch, 1, GLOBAL_BATCH_MAX);
    return OrderDefaults.of(shape, shuffle, end, seed, globalBatch);
  }

  /** Stored order with a padded last step: every sample once, for evaluation. */
  public static OrderSpec evaluation(int globalBatch) {
    return new OrderSpec(Shuffle.NONE, End.PAD, 0, globalBatch, 1, 1, 1, 1);
  }

  public OrderSpec withEnd(End other) {
    return new OrderSpec(shuffle, other, seed, globalBatch, lanes, window, groups, extentSamples);
  }

  public OrderSpec withSeed(long other) {
    return new OrderSpec(shuffle, end, other, globalBatch, lanes, window, groups, extentSamples);
  }

  public OrderSpec withGlobalBatch(int other) {
    return new OrderSpec(shuffle, end, seed, other, lanes, window, groups, extentSamples);
  }

  /** Other lanes; groups that no longer divide them fall back to one. */
  public OrderSpec withLanes(int other) {
    int kept = other >= 1 && other % groups == 0 ? groups : 1;
    return new OrderSpec(shuffle, end, seed, globalBatch, other, window, kept, extentSamples);
  }

  public OrderSpec withWindow(int other) {
    return new OrderSpec(shuffle, end, seed, globalBatch, lanes, other, groups, extentSamples);
  }

  public OrderSpec withGroups(int other) {
    return new OrderSpec(shuffle, end, seed, globalBatch, lanes, window, other, extentSamples);
  }

  public OrderSpec withExtentSamples(int other) {
    return new OrderSpec(shuffle, end, seed, globalBatch, lanes, window, groups, other);
  }

  private static void range(String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          name + ": " + value + " is out of range, " + least + " to " + most + " is allowed");
    }
  }
}
