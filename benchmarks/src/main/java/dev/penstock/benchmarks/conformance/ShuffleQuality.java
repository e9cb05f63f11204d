package dev.penstock.benchmarks.conformance;

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
  /** Parts of dataset and epoch between which moves are counted. */
  private static final int CELLS = 16;

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
    double moved = 0;
    double neighbours = 0;
    double correlation = 0;
    double together = 0;
    double shards = 0;
    double recurrence = 0;
    long[][] cells = new long[CELLS][CELLS];
    int[] order = epochs.order(0);
    for (int epoch = 0; epoch < count; epoch++) {
      moved += moved(order);
      neighbours += neighbours(order);
      correlation += correlation(order);
      together += together(order, batch);
      shards += shards(order, shardOf, batch);
      count(order, cells);
      int[] next = epoch + 1 < count ? epochs.order(epoch + 1) : order;
      if (epoch + 1 < count) {
        recurrence += recurrence(order, next, batch);
      }
      order = next;
    }
    return new ShuffleQuality(
        moved / count,
        neighbours / count,
        correlation / count,
        chiSquare(cells, order.length, count),
        together / count,
        shards / count / expectedShards(shardOf, batch),
        recurrence / (count - 1));
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

  private static double moved(int[] order) {
    double sum = 0;
    for (int i = 0; i < order.length; i++) {
      sum += Math.abs(order[i] - i);
    }
    return sum / order.length / order.length;
  }

  private static double neighbours(int[] order) {
    int kept = 0;
    for (int i = 1; i < order.length; i++) {
      kept += Math.abs(order[i] - order[i - 1]) == 1 ? 1 : 0;
    }
    return kept;
  }

  private static double correlation(int[] order) {
    double mean = (order.length - 1) / 2.0;
    double product = 0;
    double square = 0;
    for (int i = 1; i < order.length; i++) {
      product += (order[i] - mean) * (order[i - 1] - mean);
      square += (order[i] - mean) * (order[i] - mean);
    }
    return product / square;
  }

  private static double together(int[] order, int batch) {
    int n = order.length;
    int[] batchOf = new int[n];
    for (int i = 0; i < n; i++) {
      batchOf[order[i]] = i / batch;
    }
    int kept = 0;
    for (int number = 1; number < n; number++) {
      kept += batchOf[number] == batchOf[number - 1] ? 1 : 0;
    }
    double chance = (double) (batch - 1) / (n - 1);
    return kept / (n - 1.0) / chance;
  }

  private static double shards(int[] order, int[] shardOf, int batch) {
    int[] seen = new int[shardOf[shardOf.length - 1] + 1];
    int batches = order.length / batch;
    long sum = 0;
    for (int b = 0; b < batches; b++) {
      for (int i = b * batch; i < (b + 1) * batch; i++) {
        if (seen[shardOf[order[i]]] != b + 1) {
          seen[shardOf[order[i]]] = b + 1;
          sum++;
        }
      }
    }
    return (double) sum / batches;
  }

  /** Mean number of shards in a sample of {@code batch} without replacement. */
  private static double expectedShards(int[] shardOf, int batch) {
    int n = shardOf.length;
    int[] sizes = new int[shardOf[n - 1] + 1];
    for (int shard : shardOf) {
      sizes[shard]++;
    }
    double sum = 0;
    for (int size : sizes) {
      double absent = 1; // C(n - size, batch) / C(n, batch)
      for (int i = 0; i < batch; i++) {
        absent *= Math.max(0, (double) (n - size - i) / (n - i));
      }
      sum += 1 - absent;
    }
    return sum;
  }

  private static void count(int[] order, long[][] cells) {
    for (int i = 0; i < order.length; i++) {
      cells[cell(i, order.length)][cell(order[i], order.length)]++;
    }
  }

  private static double chiSquare(long[][] cells, int n, int epochs) {
    double sum = 0;
    for (int a = 0; a < CELLS; a++) {
      for (int b = 0; b < CELLS; b++) {
        double expected = (double) size(a, n) * size(b, n) / n * epochs;
        sum += (cells[a][b] - expected) * (cells[a][b] - expected) / expected;
      }
    }
    // A permutation fills rows and columns exactly; n / (n - 1) is the variance's correction.
    return sum * (n - 1) / n / ((CELLS - 1) * (CELLS - 1));
  }

  private static int cell(int number, int n) {
    return (int) ((long) number * CELLS / n);
  }

  private static int size(int cell, int n) {
    return Math.ceilDiv((cell + 1) * n, CELLS) - Math.ceilDiv(cell * n, CELLS);
  }

  private static double recurrence(int[] order, int[] next, int batch) {
    int n = order.length;
    int[] batchOf = new int[n];
    for (int i = 0; i < n; i++) {
      batchOf[next[i]] = i / batch;
    }
    int batches = n / batch;
    int[] counts = new int[n / batch + 1];
    long together = 0;
    for (int b = 0; b < batches; b++) {
      for (int i = b * batch; i < (b + 1) * batch; i++) {
        together += counts[batchOf[order[i]]]++;
      }
      for (int i = b * batch; i < (b + 1) * batch; i++) {
        counts[batchOf[order[i]]] = 0;
      }
    }
    double pairs = (double) batches * batch * (batch - 1) / 2;
    return together / pairs / ((double) (batch - 1) / (n - 1));
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
