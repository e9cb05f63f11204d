package dev.penstock.sharding;

/**
 * What the steps of a run look like, over one dataset ({@link Plan}) or a mixture of several
 * ({@link MixturePlan}): pure arithmetic on cursors. Thread-safe; what {@link #rank} and {@link
 * #lookAhead} hand out is for one thread each.
 */
public sealed interface StepPlan permits Plan, MixturePlan, GroupedPlan {
  /** The cursor before the first step. */
  Cursor start();

  /** Whether a run of so many epochs (0: endless) has no step at or after a cursor. */
  boolean ended(Cursor at, long epochs);

  /** The cursor so many steps later, or earlier if negative (not before the start). */
  Cursor after(Cursor at, long steps);

  /** The same place written as the step that starts there: never at the end of an epoch. */
  Cursor normal(Cursor at);

  /**
   * Takes up a saved cursor. The global batch may be another; all else has to be the same.
   *
   * @throws IllegalArgumentException saying what changed
   */
  Cursor resume(Cursor saved);

  /** The share of one of {@code world} ranks in every step; {@code world} divides the batch. */
  RankView rank(int rank, int world);

  /** What a rank needs from a cursor on, in order of need; for so many epochs, 0: endless. */
  LookAhead lookAhead(int rank, int world, Cursor start, long epochs);

  /** Samples within reach at once, for the whole job: divide by the hosts. */
  long workingSetSamples();

  /** The working set in decoded bytes, by the mean size of a sample. */
  long workingSetBytes();

  /** Datasets that rows come from; 1 unless this is a mixture. */
  int sources();

  /** The dataset of a source; the one of a {@link Plan} is source 0. */
  DatasetShape shape(int source);

  /** Samples of an epoch of a source. */
  long samplesOf(int source);

  /** Steps that start in an epoch (with {@code CARRY}, in the first one). */
  long stepsPerEpoch();

  /** Logical readers over which each source is dealt; 1 unless the order is {@code BLOCK}. */
  int lanes();

  /** Rows of a step over all ranks. */
  int globalBatch();

  /** How many other samples of its source can stand in for the one at an index of its epoch. */
  long substitutes(int source, long epoch, long index);

  /**
   * The number in its source of the sample that stands in for a bad one, at the given attempt from
   * 1 on: the next in the same window, round its end; without windows, in the epoch.
   */
  long substitute(int source, long epoch, long index, int attempt);

  /**
   * What all hosts of so many ranks on hosts of their own read, by what one host would: 1 where
   * each lane stays with one rank, {@code (N + L - gcd(N, L)) / L} where lanes are split between
   * ranks, and {@code N} at worst where the batch and the lanes do not divide each other. Without
   * lanes each rank reads a share of its own, but for blocks at its borders.
   */
  double readAmplification(int world);

  /** The same of an order with these parameters. */
  static double readAmplification(Shuffle shuffle, int lanes, int batch, int world) {
    if (shuffle != Shuffle.BLOCK || lanes % batch == 0) {
      return 1;
    }
    if (batch % lanes != 0) {
      return world;
    }
    return (world + lanes - (double) gcd(world, lanes)) / lanes;
  }

  private static int gcd(int a, int b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  /** A cursor that takes as much room as any that this plan hands out. */
  Cursor longest();

  /**
   * 16 bytes in hexadecimal that ranks compare before the first step: equal for equal datasets,
   * seeds and parameters.
   */
  String orderId();

  /** The order in one line, for people. */
  String describe();
}
