package dev.penstock.sharding;

import java.util.Arrays;

/**
 * Counts over the batches of an order, from which the measures of {@link ShuffleQuality} follow:
 * all batches of some epochs, or some of them, which then stand for all. One thread.
 */
final class ShuffleTally {
  /** Parts of dataset and epoch between which moves are counted. */
  private static final int CELLS = 16;

  /** Steps of the sum that says how likely a batch misses a shard. */
  private static final int PIECES = 64;

  /** The shard of a sample; shards rise with samples. */
  @FunctionalInterface
  interface ShardOf {
    int shard(long sample);
  }

  private final long n;
  private final int batch;
  private final ShardOf shardOf;
  private final double expectedShards;
  private final long[][] cells = new long[CELLS][CELLS];
  private final long[] sorted;
  private long rows;
  private double moved;
  private double product;
  private double square;
  private long pairs;
  private long neighbours;
  private long together;
  private long fullBatches;
  private long shards;
  private long recurringBatches;
  private long recurring;
  private long epochs;
  private long endPlace = -1;
  private long endSample;

  /**
   * Starts.
   *
   * @param n samples of an epoch
   * @param batch rows of a batch, at least 2
   * @param sizes samples of each shard
   */
  ShuffleTally(long n, int batch, int[] sizes, ShardOf shardOf) {
    this.n = n;
    this.batch = batch;
    this.shardOf = shardOf;
    this.sorted = new long[batch];
    this.expectedShards = expectedShards(n, batch, sizes);
  }

  /**
   * Adds a batch; those of one epoch in rising order.
   *
   * @param first place of its first row in the epoch
   * @param samples the stored numbers of its rows
   * @param count of its rows, less than the batch only at an epoch's end
   */
  void add(long first, long[] samples, int count) {
    double mean = (n - 1) / 2.0;
    boolean contiguous = first > 0 && first == endPlace;
    epochs += first < endPlace || endPlace < 0 ? 1 : 0;
    long before = contiguous ? endSample : -1;
    for (int i = 0; i < count; i++) {
      long sample = samples[i];
      moved += Math.abs(sample - (first + i));
      cells[cell(first + i)][cell(sample)]++;
      if (before >= 0) {
        pairs++;
        neighbours += Math.abs(sample - before) == 1 ? 1 : 0;
        product += (sample - mean) * (before - mean);
        square += (sample - mean) * (sample - mean);
      }
      before = sample;
    }
    rows += count;
    endPlace = first + count;
    endSample = before;
    addSorted(samples, count);
  }

  private void addSorted(long[] samples, int count) {
    System.arraycopy(samples, 0, sorted, 0, count);
    Arrays.sort(sorted, 0, count);
    int distinct = 0;
    int last = -1;
    for (int i = 0; i < count; i++) {
      together += i > 0 && sorted[i] == sorted[i - 1] + 1 ? 1 : 0;
      int shard = shardOf.shard(sorted[i]);
      distinct += shard == last ? 0 : 1;
      last = shard;
    }
    if (count == batch) {
      fullBatches++;
      shards += distinct;
    }
  }

  /** Adds the batches in the next epoch of the rows of a full batch; sorts what it is given. */
  void addRecurrence(long[] next) {
    Arrays.sort(next);
    long run = 0;
    for (int i = 1; i < next.length; i++) {
      run = next[i] == next[i - 1] ? run + 1 : 0;
      recurring += run;
    }
    recurringBatches++;
  }

  /** The measures of what was added: at least one full batch. */
  ShuffleQuality quality() {
    double chance = (double) (batch - 1) / (n - 1);
    double all = (double) recurringBatches * batch * (batch - 1) / 2;
    return new ShuffleQuality(
        moved / rows / n,
        (double) neighbours / Math.max(1, pairs) * (n - 1),
        product / square,
        chiSquare(),
        (double) together / rows * n / (n - 1) / chance,
        (double) shards / fullBatches / expectedShards,
        recurring / all / chance);
  }

  private double chiSquare() {
    double sum = 0;
    double degrees = 0;
    for (long[] places : cells) {
      double found = Arrays.stream(places).sum();
      if (found == 0) {
        continue;
      }
      for (int cell = 0; cell < CELLS; cell++) {
        double expected = found * size(cell) / n;
        sum += expected == 0 ? 0 : (places[cell] - expected) * (places[cell] - expected) / expected;
      }
      // Drawn without replacement: what a part of the epoch has, others have not.
      degrees += (CELLS - 1) * (n - found / epochs) / (n - 1);
    }
    return sum / degrees;
  }

  private int cell(long number) {
    return (int) (number * CELLS / n);
  }

  private long size(int cell) {
    return Math.ceilDiv((cell + 1) * n, (long) CELLS) - Math.ceilDiv(cell * n, (long) CELLS);
  }

  /** Mean number of shards in a batch drawn without replacement. */
  private static double expectedShards(long n, int batch, int[] sizes) {
    int[] rising = sizes.clone();
    Arrays.sort(rising);
    double sum = 0;
    double present = 0;
    for (int i = 0; i < rising.length; i++) {
      if (i == 0 || rising[i] != rising[i - 1]) {
        present = 1 - absent(n, batch, rising[i]);
      }
      sum += present;
    }
    return sum;
  }

  /** C(n - size, batch) / C(n, batch): a product over the rows, of which neighbours are alike. */
  private static double absent(long n, int batch, int size) {
    if (size > n - batch) {
      return 0;
    }
    int pieces = Math.min(batch, PIECES);
    double log = 0;
    for (int piece = 0; piece < pieces; piece++) {
      long from = (long) batch * piece / pieces;
      long to = (long) batch * (piece + 1) / pieces;
      double left = n - (from + to - 1) / 2.0;
      log += (to - from) * Math.log1p(-size / left);
    }
    return Math.exp(log);
  }
}
