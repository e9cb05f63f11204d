package dev.penstock.sharding;

import java.util.List;

/**
 * The weights of a mixture from a position on.
 *
 * @param position of the first row, in rows since the run's start
 * @param cycle rows over which the shares are exact
 * @param weights one for each source, 0 for one that pauses
 */
public record MixEntry(long position, int cycle, List<Double> weights) {
  /** Bounds the pattern's tables: 8 bytes a row of the cycle. */
  static final int CYCLE_MAX = 1 << 24;

  public MixEntry {
    weights = List.copyOf(weights);
    if (position < 0 || cycle < 1 || cycle > CYCLE_MAX) {
      throw new IllegalArgumentException(
          "mix entry at position "
              + position
              + " with cycle "
              + cycle
              + ": the position can't be negative, the cycle is 1 to "
              + CYCLE_MAX);
    }
    double sum = 0;
    for (double weight : weights) {
      if (!(weight >= 0) || Double.isInfinite(weight)) {
        throw new IllegalArgumentException(
            "weight: " + weight + " is out of range, finite numbers from 0 on are allowed");
      }
      sum += weight;
    }
    if (!(sum > 0) || Double.isInfinite(sum)) {
      throw new IllegalArgumentException(
          "weights: " + weights + " add up to " + sum + "; at least one must be above 0");
    }
  }
}
