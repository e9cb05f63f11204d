package dev.penstock.sharding;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What the order needs to know of a dataset: how many samples and decoded bytes each shard has, and
 * which shards are closed (one compressed frame, that can't be entered in the middle). Samples are
 * numbered 0 to n − 1 in stored order. Immutable; about 28 bytes a shard.
 */
public final class DatasetShape {
  private final String fingerprint;
  private final long[] firstSample;
  private final long[] shardBytes;
  private final boolean[] closed;
  private final @Nullable KeptOrdinals kept;
  private final long totalBytes;
  private final int bucketShift;
  private final int[] bucketShard;

  private DatasetShape(
      String fingerprint,
      long[] firstSample,
      long[] shardBytes,
      boolean[] closed,
      @Nullable KeptOrdinals kept) {
    this.kept = kept;
    this.fingerprint = fingerprint;
    this.firstSample = firstSample;
    this.shardBytes = shardBytes;
    this.closed = closed;
    long bytes = 0;
    for (long one : shardBytes) {
      bytes = Math.addExact(bytes, one);
    }
    this.totalBytes = bytes;
    this.bucketShift = bucketShift(sampleCount(), shardCount());
    this.bucketShard = buckets();
  }

  /**
   * The shape of a list of shards.
   *
   * @param fingerprint names the dataset in cursors; equal for copies of the same dataset
   * @param sampleCounts samples per shard, 0 or more
   * @param shardBytes decoded bytes per shard; estimates do, they only steer defaults and reports
   * @param closed whether a shard can be read from its start only
   */
  public static DatasetShape of(
      String fingerprint, int[] sampleCounts, long[] shardBytes, boolean[] closed) {
    int shards = sampleCounts.length;
    if (shardBytes.length != shards || closed.length != shards) {
      throw new IllegalArgumentException(
          "shape of "
              + shards
              + " shards needs as many sizes and closed marks, found "
              + shardBytes.length
              + " and "
              + closed.length);
    }
    long[] first = new long[shards + 1];
    for (int shard = 0; shard < shards; shard++) {
      if (sampleCounts[shard] < 0 || shardBytes[shard] < 0) {
        throw new IllegalArgumentException(
            "shard "
                + shard
                + " has "
                + sampleCounts[shard]
                + " samples and "
                + shardBytes[shard]
                + " bytes; neither can be negative");
      }
      first[shard + 1] = first[shard] + sampleCounts[shard];
    }
    return new DatasetShape(fingerprint, first, shardBytes.clone(), closed.clone(), null);
  }

  public String fingerprint() {
    return fingerprint;
  }

  public int shardCount() {
    return closed.length;
  }

  /** {@code n}: the samples of one epoch. */
  public long sampleCount() {
    return firstSample[firstSample.length - 1];
  }

  public int samplesIn(int shard) {
    return (int) (firstSample[shard + 1] - firstSample[shard]);
  }

  /** The number of a shard's first sample; for {@link #shardCount()} itself, the sample count. */
  public long firstSample(int shard) {
    return firstSample[shard];
  }

  /** The shard that holds a sample, in constant time for shards of like sizes. */
  public int shardOf(long sample) {
    if (sample < 0 || sample >= sampleCount()) {
      throw new IndexOutOfBoundsException(
          "sample " + sample + " of a dataset with " + sampleCount() + " samples");
    }
    int bucket = (int) (sample >>> bucketShift);
    int low = bucketShard[bucket];
    int high = bucketShard[bucket + 1];
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (firstSample[middle + 1] <= sample) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /**
   * The number in its stored shard of a shard's {@code i}-th sample: the same, unless this is a
   * {@link Selection}.
   */
  public int storedOrdinal(int shard, int i) {
    KeptOrdinals held = kept;
    return held == null ? i : held.stored(shard, i);
  }

  /** How many of a shard's samples have a stored number below one. */
  public int selectedBelow(int shard, int stored) {
    KeptOrdinals held = kept;
    return held == null
        ? Math.max(0, Math.min(stored, samplesIn(shard)))
        : held.below(shard, stored);
  }

  /** Whether stored numbers differ from those here. */
  boolean selects() {
    return kept != null;
  }

  /**
   * The first so many shards as a dataset of their own, such as this one was before shards were
   * appended. Not for a {@link Selection}: select from what this returns.
   */
  public DatasetShape first(int shards, String itsFingerprint) {
    if (kept != null) {
      throw new IllegalStateException("first shards of a selection; select from the first shards");
    }
    return new DatasetShape(
        itsFingerprint,
        Arrays.copyOf(firstSample, shards + 1),
        Arrays.copyOf(shardBytes, shards),
        Arrays.copyOf(closed, shards),
        null);
  }

  /** The same shards with fewer samples. */
  DatasetShape selected(int[] counts, KeptOrdinals other) {
    long[] first = new long[counts.length + 1];
    long[] bytes = new long[counts.length];
    for (int shard = 0; shard < counts.length; shard++) {
      first[shard + 1] = first[shard] + counts[shard];
      double share = (double) counts[shard] / Math.max(1, samplesIn(shard));
      bytes[shard] = Math.round(shardBytes[shard] * share);
    }
    return new DatasetShape(fingerprint + "/" + other.id(), first, bytes, closed, other);
  }

  /** Decoded bytes of a shard. */
  public long bytes(int shard) {
    return shardBytes[shard];
  }

  /** Decoded bytes of all shards. */
  public long totalBytes() {
    return totalBytes;
  }

  public boolean closed(int shard) {
    return closed[shard];
  }

  /** Decoded bytes of a sample on average; 0 for a dataset without samples. */
  public double meanSampleBytes() {
    return sampleCount() == 0 ? 0 : (double) totalBytes / sampleCount();
  }

  @Override
  public String toString() {
    return "dataset "
        + fingerprint
        + " of "
        + sampleCount()
        + " samples, "
        + totalBytes
        + " bytes in "
        + shardCount()
        + " shards";
  }

  /** At most about two buckets a shard, so that a look-up sees few shards. */
  private static int bucketShift(long samples, int shards) {
    int shift = 0;
    while (samples >>> shift > 2L * Math.max(1, shards)) {
      shift++;
    }
    return shift;
  }

  /** Bucket j holds the shard of sample {@code j << bucketShift}; the last one ends the search. */
  private int[] buckets() {
    int count = (int) (sampleCount() >>> bucketShift) + 2;
    int[] table = new int[count];
    Arrays.fill(table, Math.max(0, shardCount() - 1));
    int shard = 0;
    for (int bucket = 0; bucket < count; bucket++) {
      long sample = (long) bucket << bucketShift;
      if (sample >= sampleCount()) {
        break;
      }
      while (firstSample[shard + 1] <= sample) {
        shard++;
      }
      table[bucket] = shard;
    }
    return table;
  }
}
