package dev.penstock.benchmarks.shuffle;

import dev.penstock.sharding.DatasetShape;
import java.util.Arrays;

/**
 * The shape of the data that is ordered: equal shards of samples of one size.
 *
 * @param samples in all
 * @param shards of nearly equal length
 * @param sampleBytes of each sample
 * @param globalBatch rows of a step
 * @param seed of all orders
 */
public record Dataset(int samples, int shards, int sampleBytes, int globalBatch, long seed) {
  /** Checks ranges. */
  public Dataset {
    if (shards < 1 || samples < shards || sampleBytes < 1 || globalBatch < 1) {
      throw new IllegalArgumentException(
          "--samples, --shards, --sample-bytes, --batch-size: all are at least 1, and no shard is"
              + " empty");
    }
    if (2L * globalBatch > samples) {
      throw new IllegalArgumentException("--batch-size: two batches at least make an order");
    }
  }

  /** Samples of each shard. */
  public int[] lengths() {
    int[] lengths = new int[shards];
    for (int i = 0; i < shards; i++) {
      lengths[i] = (int) ((long) samples * (i + 1) / shards - (long) samples * i / shards);
    }
    return lengths;
  }

  /** The shard of each sample. */
  int[] shardOf() {
    int[] shardOf = new int[samples];
    int next = 0;
    int shard = 0;
    for (int length : lengths()) {
      Arrays.fill(shardOf, next, next + length, shard++);
      next += length;
    }
    return shardOf;
  }

  /** As Penstock plans it. */
  DatasetShape shape() {
    int[] lengths = lengths();
    long[] bytes = Arrays.stream(lengths).mapToLong(n -> (long) n * sampleBytes).toArray();
    return DatasetShape.of("measured", lengths, bytes, new boolean[lengths.length]);
  }
}
