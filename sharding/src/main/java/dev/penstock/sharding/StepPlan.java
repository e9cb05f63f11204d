package dev.penstock.sharding;

/**
 * What the steps of a run look like, over one dataset ({@link Plan}) or a mixture of several
 * ({@link MixturePlan}): pure arithmetic on cursors. Thread-safe; what {@link #rank} and {@link
 * #lookAhead} hand out is for one thread each.
 */
public sealed interface StepPlan permits Plan, MixturePlan {
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

  /** Samples of an epoch of a source; the one of a {@link Plan} is source 0. */
  long samplesOf(int source);

  /**
   * 16 bytes in hexadecimal that ranks compare before the first step: equal for equal datasets,
   * seeds and parameters.
   */
  String orderId();

  /** The order in one line, for people. */
  String describe();
}
