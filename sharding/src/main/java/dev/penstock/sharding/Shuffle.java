package dev.penstock.sharding;

/** How an epoch is ordered. */
public enum Shuffle {
  /** Stored order; ranks take contiguous shares of each step. */
  NONE,
  /**
   * Permuted extents dealt over lanes, permuted within windows: random with a bounded working set.
   */
  BLOCK,
  /** A keyed permutation of the whole epoch, for storage that is good at random reads. */
  GLOBAL,
  /**
   * As data arrives: for data without an index, endless, each rank for itself. Another kind of
   * order than the others: {@link ArrivalOrder} has it, no {@link OrderSpec} does.
   */
  ARRIVAL
}
