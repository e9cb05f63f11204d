package dev.penstock.sharding;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * How far an order is from a random permutation, by measures whose value for one is known. An order
 * is the stored number of the sample at each place of an epoch.
 *
 * @param moved mean distance between a sample's stored place and its place in the epoch, as a part
 *     of the dataset; 1/3 in a random permutation
 * @param neighbours pairs of stored neighbours that stay neighbours in an epoch; 2 in a random
 *     permutation
 * @param correlation of a sample's stored place with the one before it in the epoch; 0
 * @param chiSquare where samples of each sixteenth of the dataset land, by degree of freedom; 1,
 *     with a deviation of 0.094
 * @param together stored neighbours that share a batch, as a multiple of chance; 1
 * @param shards different shards in a batch, as a part of what a random permutation has; 1
 * @param recurrence pairs of samples in one batch that share a batch in the next epoch too, as a
 *     multiple of chance; 1
 */
public record ShuffleQuality(
    double moved,
    double neighbours,
    double correlation,
    double chiSquare,
    double together,
    double shards,
    double recurrence) {

  /** Different orders of the same size. */
  @FunctionalInterface
  public interface Epochs {
    /** The stored number of the sample at each place of an epoch. */
    int[] order(int epoch);
  }

  /**
   * Measures the first epochs of an order.
   *
   * @param epochs gives the order of each epoch
   * @param count of epochs, at least 2
   * @param shardOf the shard of each sample
   * @param batch rows of a global batch
   */
  public static ShuffleQuality of(Epochs epochs, int count, int[] shardOf, int batch) {
    int n = shardOf.length;
    int[] sizes = new int[shardOf[n - 1] + 1];
    for (int shard : shardOf) {
      sizes[shard]++;
    }
    ShuffleTally tally = new ShuffleTally(n, batch, sizes, sample -> shardOf[(int) sample]);
    int[] order = epochs.order(0);
    for (int epoch = 0; epoch < count; epoch++) {
      boolean last = epoch + 1 == count;
      int[] next = last ? order : epochs.order(epoch + 1);
      add(tally, order, last ? new int[0] : batchOf(next, batch), batch);
      order = next;
    }
    return tally.quality();
  }

  /** The batch of each sample. */
  private static int[] batchOf(int[] order, int batch) {
    int[] batchOf = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      batchOf[order[i]] = i / batch;
    }
    return batchOf;
  }

  private static void add(ShuffleTally tally, int[] order, int[] nextBatchOf, int batch) {
    long[] samples = new long[batch];
    long[] next = new long[batch];
    for (int first = 0; first < order.length; first += batch) {
      int rows = Math.min(batch, order.length - first);
      for (int i = 0; i < rows; i++) {
        samples[i] = order[first + i];
        next[i] = nextBatchOf.length == 0 ? 0 : nextBatchOf[order[first + i]];
      }
      if (nextBatchOf.length > 0 && rows == batch) {
        tally.addRecurrence(next);
      }
      tally.add(first, samples, rows);
    }
  }

  /** Fisher–Yates, for comparison. */
  public static Epochs fisherYates(int n, long seed) {
    return epoch -> {
      SplittableRandom random = new SplittableRandom(seed * 1_000_003 + epoch);
      int[] order = new int[n];
      for (int i = 0; i < n; i++) {
        int j = random.nextInt(i + 1);
        order[i] = order[j];
        order[j] = i;
      }
      return order;
    };
  }

  /** By name, for machines. */
  public Map<String, Object> asMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("moved", moved);
    map.put("neighbours", neighbours);
    map.put("serial_correlation", correlation);
    map.put("chi_square_per_degree", chiSquare);
    map.put("neighbours_in_batch", together);
    map.put("shards_of_expected", shards);
    map.put("recurrence", recurrence);
    return map;
  }
}
