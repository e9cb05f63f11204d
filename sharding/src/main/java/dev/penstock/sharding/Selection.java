package dev.penstock.sharding;

import java.util.Arrays;

/**
 * Filters and splits: a part of a dataset as a dataset of its own. The shards stay, the kept
 * samples are numbered anew in stored order, and {@link StepSamples#ordinal} still gives their
 * place in the stored shard. Costs nothing for shards that keep one run of samples and 1.1 bits a
 * stored sample for the others.
 */
public final class Selection {
  /** Says whether a sample is kept, by its shard and its stored number there. */
  @FunctionalInterface
  public interface Keep {
    boolean keeps(int shard, int ordinal);
  }

  private Selection() {}

  /** The samples of a dataset, or of an earlier selection, that a predicate keeps. */
  public static DatasetShape of(DatasetShape base, Keep keep) {
    int shards = base.shardCount();
    int[] counts = new int[shards];
    KeptOrdinals.Builder kept = new KeptOrdinals.Builder(shards);
    for (int shard = 0; shard < shards; shard++) {
      for (int i = 0; i < base.samplesIn(shard); i++) {
        int ordinal = base.storedOrdinal(shard, i);
        if (keep.keeps(shard, ordinal)) {
          kept.add(ordinal);
          counts[shard]++;
        }
      }
      kept.endShard();
    }
    return base.selected(counts, kept.build());
  }

  /** The samples with numbers {@code from} to {@code to - 1} of a dataset. */
  public static DatasetShape range(DatasetShape base, long from, long to) {
    if (from < 0 || from > to || to > base.sampleCount()) {
      throw new IllegalArgumentException(
          "range "
              + from
              + " to "
              + to
              + " of "
              + base
              + ": 0 <= from <= to <= samples is allowed");
    }
    // Predicates see stored ordinals; the selected numbers follow from how many lie below.
    return of(
        base,
        (shard, ordinal) -> {
          long sample = base.firstSample(shard) + base.selectedBelow(shard, ordinal);
          return sample >= from && sample < to;
        });
  }

  /** The samples with the given numbers of a dataset; their order and repeats don't matter. */
  public static DatasetShape list(DatasetShape base, long[] samples) {
    long[] sorted = samples.clone();
    Arrays.sort(sorted);
    if (sorted.length > 0 && (sorted[0] < 0 || sorted[sorted.length - 1] >= base.sampleCount())) {
      throw new IllegalArgumentException(
          "list with sample "
              + (sorted[0] < 0 ? sorted[0] : sorted[sorted.length - 1])
              + " of "
              + base
              + ": its samples are 0 to samples - 1");
    }
    return of(
        base,
        (shard, ordinal) -> {
          long sample = base.firstSample(shard) + base.selectedBelow(shard, ordinal);
          return Arrays.binarySearch(sorted, sample) >= 0;
        });
  }

  /**
   * Whether a sample's key falls into a part of a hash split: every key has a fixed place in [0, 1)
   * that depends on it and the seed alone, so that parts stay disjoint whatever shards are added.
   */
  public static boolean inSplit(long seed, String key, double from, double to) {
    double place = (Keyed.textKey(seed, Keyed.SPLIT, key) >>> 11) * 0x1p-53;
    return place >= from && place < to;
  }
}
