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
  GLOBAL
}
