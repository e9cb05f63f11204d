package dev.penstock.sharding;

/**
 * The parameters of one rank's order of arrival; with the data they fix it completely.
 *
 * @param seed any number
 * @param rank this data-parallel rank
 * @param world number of data-parallel ranks
 * @param lanes shards that are open at once, {@code L}; rows come from them in turn
 * @param window samples of a shard, consecutive, that are permuted among themselves, {@code k}, at
 *     most
 * @param windowBytes decoded bytes that such samples take, at most, unless one alone takes more
 */
public record ArrivalSpec(long seed, int rank, int world, int lanes, int window, long windowBytes) {
  /** Each is an open shard and an entry of the cursor. */
  public static final int LANES_MAX = 256;

  /** Window tables take 4 bytes a sample. */
  static final int WINDOW_MAX = 1 << 24;

  static final long WINDOW_BYTES_MAX = 1L << 40;

  /** The first windows of a run are about this part of the others, so that it starts at once. */
  private static final int RAMP = 16;

  public ArrivalSpec {
    range("world", world, 1, Integer.MAX_VALUE);
    range("rank", rank, 0, world - 1L);
    range("lanes", lanes, 1, LANES_MAX);
    range("window", window, 1, WINDOW_MAX);
    range("windowBytes", windowBytes, 1, WINDOW_BYTES_MAX);
  }

  /**
   * How many samples a window may have that begins with sample {@code ordinal} of its shard.
   *
   * @param warmUp -1, or while the run warms up the lane: the window then has no more than the
   *     shard gave before it, but the first at least a 16th. It is larger from lane to lane, so
   *     that the lanes' windows do not all turn at once later on
   */
  int samplesMax(int warmUp, int ordinal) {
    return warmUp < 0 ? window : (int) Math.max(first(window, warmUp), Math.min(window, ordinal));
  }

  /** How many bytes a window may have that begins at a byte of its shard; likewise. */
  long bytesMax(int warmUp, long offset) {
    return warmUp < 0
        ? windowBytes
        : Math.max(first(windowBytes, warmUp), Math.min(windowBytes, offset));
  }

  private long first(long whole, int lane) {
    return Math.ceilDiv(whole * (lanes + lane), (long) RAMP * lanes);
  }

  private static void range(String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          name + ": " + value + " is out of range, " + least + " to " + most + " is allowed");
    }
  }
}
