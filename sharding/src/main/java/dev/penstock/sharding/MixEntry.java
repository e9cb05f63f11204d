package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;

/**
 * The weights of a mixture from a position on.
 *
 * @param position of the first row, in rows since the run's start
 * @param cycle rows over which the shares are exact
 * @param weights as they were asked for, one for each source, 0 for one that pauses
 * @param usedUp sources that have handed over, rising: their weight counts no more
 */
public record MixEntry(long position, int cycle, List<Double> weights, List<Integer> usedUp) {
  /** Bounds the pattern's tables: 8 bytes a row of the cycle. */
  static final int CYCLE_MAX = 1 << 24;

  /** No source is used up. */
  public MixEntry(long position, int cycle, List<Double> weights) {
    this(position, cycle, weights, List.of());
  }

  public MixEntry {
    weights = List.copyOf(weights);
    usedUp = List.copyOf(usedUp);
    if (position < 0 || cycle < 1 || cycle > CYCLE_MAX) {
      throw new IllegalArgumentException(
          "mix entry at position "
              + position
              + " with cycle "
              + cycle
              + ": the position can't be negative, the cycle is 1 to "
              + CYCLE_MAX);
    }
    checkUsedUp(usedUp, weights.size());
    double sum = 0;
    for (double weight : shares(weights, usedUp)) {
      if (!(weight >= 0) || Double.isInfinite(weight)) {
        throw new IllegalArgumentException(
            "weight: " + weight + " is out of range, finite numbers from 0 on are allowed");
      }
      sum += weight;
    }
    if (!(sum > 0) || Double.isInfinite(sum)) {
      throw new IllegalArgumentException(
          "weights: "
              + weights
              + " add up to "
              + sum
              + (usedUp.isEmpty() ? "" : " without the used up sources " + usedUp)
              + "; at least one must be above 0");
    }
  }

  private static void checkUsedUp(List<Integer> usedUp, int sources) {
    int last = -1;
    for (int source : usedUp) {
      if (source <= last || source >= sources) {
        throw new IllegalArgumentException(
            "used up sources " + usedUp + " of " + sources + ": numbers of sources, rising");
      }
      last = source;
    }
  }

  /** The weights that count: those asked for, 0 for sources that are used up. */
  public List<Double> shares() {
    return shares(weights, usedUp);
  }

  static List<Double> shares(List<Double> weights, List<Integer> usedUp) {
    if (usedUp.isEmpty()) {
      return weights;
    }
    List<Double> shares = new ArrayList<>(weights);
    for (int source : usedUp) {
      shares.set(source, 0.0);
    }
    return shares;
  }
}
