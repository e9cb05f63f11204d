package dev.penstock.sharding;

import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;

/**
 * How the rows of one cycle are dealt to sources: quotas by largest remainder, spread evenly.
 * Counts at any row are closed form. Immutable; 8 bytes a row of the cycle.
 */
final class MixPattern {
  /** A cycle this many times the batch at most lets small weights have a row. */
  private static final int CYCLE_FACTOR_MAX = 64;

  private final int cycle;
  private final int[] quotas;

  /** The source of each row. */
  private final int[] sourceAt;

  /** The rows of the same source before each row. */
  private final int[] rankAt;

  /** The rows of each source, rising. */
  private final int[][] rows;

  MixPattern(MixEntry entry) {
    this.cycle = entry.cycle();
    this.quotas = quotas(entry.shares(), cycle);
    this.sourceAt = new int[cycle];
    this.rankAt = new int[cycle];
    this.rows = new int[quotas.length][];
    for (int d = 0; d < quotas.length; d++) {
      rows[d] = new int[quotas[d]];
    }
    deal();
  }

  /**
   * The cycle for weights: the larger of batch and lanes, doubled until every weight above 0 has a
   * row.
   */
  static int cycle(List<Double> weights, int globalBatch, int lanes) {
    long cycle = Math.max(globalBatch, lanes);
    long most = Math.min(MixEntry.CYCLE_MAX, cycle * CYCLE_FACTOR_MAX);
    int[] quotas = new int[0];
    for (long tried = cycle; tried <= most; tried *= 2) {
      quotas = quotas(weights, (int) tried);
      if (servesAll(weights, quotas)) {
        return (int) tried;
      }
    }
    throw new IllegalArgumentException(
        "weights: "
            + weights
            + " leave a source without a row in "
            + most
            + " rows (they would get "
            + Arrays.toString(quotas)
            + "); raise the smallest weight or set it to 0");
  }

  int cycle() {
    return cycle;
  }

  int quota(int source) {
    return quotas[source];
  }

  int sourceAt(int row) {
    return sourceAt[row];
  }

  /** Rows of the same source in the cycle before a row. */
  int rankAt(int row) {
    return rankAt[row];
  }

  /** Rows of a source before row {@code x} of the endlessly repeated pattern. */
  long count(int source, long x) {
    int found = Arrays.binarySearch(rows[source], (int) (x % cycle));
    return x / cycle * quotas[source] + (found < 0 ? -found - 1 : found);
  }

  /** The row at which a source has its item number {@code item}: the inverse of the count. */
  long row(int source, long item) {
    int quota = quotas[source];
    return item / quota * cycle + rows[source][(int) (item % quota)];
  }

  private static int[] quotas(List<Double> weights, int cycle) {
    double sum = 0;
    for (double weight : weights) {
      sum += weight;
    }
    int[] quotas = new int[weights.size()];
    double[] rest = new double[quotas.length];
    int left = cycle;
    for (int d = 0; d < quotas.length; d++) {
      double exact = weights.get(d) / sum * cycle;
      quotas[d] = (int) exact;
      rest[d] = exact - quotas[d];
      left -= quotas[d];
    }
    while (left > 0) {
      int best = 0;
      for (int d = 1; d < rest.length; d++) {
        if (rest[d] > rest[best]) {
          best = d;
        }
      }
      quotas[best]++;
      rest[best] -= 1;
      left--;
    }
    return quotas;
  }

  private static boolean servesAll(List<Double> weights, int[] quotas) {
    for (int d = 0; d < quotas.length; d++) {
      if (weights.get(d) > 0 && quotas[d] == 0) {
        return false;
      }
    }
    return true;
  }

  /** Merges the sources' rows by ((x + 1/2) / quota, source), compared as fractions. */
  private void deal() {
    int[] dealt = new int[quotas.length];
    PriorityQueue<Integer> next =
        new PriorityQueue<>(
            (a, b) -> {
              long left = (2L * dealt[a] + 1) * quotas[b];
              long right = (2L * dealt[b] + 1) * quotas[a];
              return left != right ? Long.compare(left, right) : Integer.compare(a, b);
            });
    for (int d = 0; d < quotas.length; d++) {
      if (quotas[d] > 0) {
        next.add(d);
      }
    }
    for (int row = 0; row < cycle; row++) {
      int source = next.remove();
      sourceAt[row] = source;
      rankAt[row] = dealt[source];
      rows[source][dealt[source]++] = row;
      if (dealt[source] < quotas[source]) {
        next.add(source);
      }
    }
  }
}
