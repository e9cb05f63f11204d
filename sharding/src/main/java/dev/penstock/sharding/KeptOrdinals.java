package dev.penstock.sharding;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which samples of each shard are kept. A shard that keeps one run needs its start only; another
 * has a bit for each stored sample and a running count for each 512 of them. Immutable.
 */
final class KeptOrdinals {
  private static final int WORDS_PER_COUNT = 8;

  /** The first kept sample of each shard. */
  private final int[] starts;

  private final int[] counts;
  private final long[] @Nullable [] bits;
  private final int[] @Nullable [] countsBefore;

  private KeptOrdinals(Builder builder) {
    this.starts = builder.starts;
    this.counts = builder.counts;
    this.bits = builder.bits;
    this.countsBefore = builder.countsBefore;
  }

  /** The stored number of a shard's kept sample. */
  int stored(int shard, int kept) {
    long[] words = bits[shard];
    int[] before = countsBefore[shard];
    if (words == null || before == null) {
      return starts[shard] + kept;
    }
    int block = Arrays.binarySearch(before, kept);
    block = block < 0 ? -block - 2 : lastEqual(before, block);
    int left = kept - before[block];
    int word = block * WORDS_PER_COUNT;
    while (left >= Long.bitCount(words[word])) {
      left -= Long.bitCount(words[word]);
      word++;
    }
    long rest = words[word];
    for (; left > 0; left--) {
      rest &= rest - 1;
    }
    return word * Long.SIZE + Long.numberOfTrailingZeros(rest);
  }

  /** How many kept samples of a shard have a stored number below one. */
  int below(int shard, int stored) {
    long[] words = bits[shard];
    int[] before = countsBefore[shard];
    if (words == null || before == null) {
      return Math.max(0, Math.min(counts[shard], stored - starts[shard]));
    }
    int bound = Math.max(0, stored);
    int word = bound / Long.SIZE;
    if (word >= words.length) {
      return counts[shard];
    }
    int count = before[word / WORDS_PER_COUNT];
    for (int i = word - word % WORDS_PER_COUNT; i < word; i++) {
      count += Long.bitCount(words[i]);
    }
    return count + Long.bitCount(words[word] & ((1L << bound) - 1));
  }

  /** A text that names what is kept. */
  String id() {
    return OrderId.of(hash(0) + "|" + hash(1));
  }

  private long hash(long seed) {
    long key = Keyed.key(seed, Keyed.SPLIT, starts.length);
    for (int shard = 0; shard < starts.length; shard++) {
      key = Keyed.absorb(Keyed.absorb(key, counts[shard]), starts[shard]);
      long[] words = bits[shard];
      if (words != null) {
        for (long word : words) {
          key = Keyed.absorb(key, word);
        }
      }
    }
    return key;
  }

  /** Blocks without a kept sample repeat the count; the kept one is in the last of them. */
  private static int lastEqual(int[] before, int at) {
    int last = at;
    while (last + 1 < before.length && before[last + 1] == before[at]) {
      last++;
    }
    return last;
  }

  /** Takes the kept samples of one shard after the other, rising. */
  static final class Builder {
    private final int[] starts;
    private final int[] counts;
    private final long[] @Nullable [] bits;
    private final int[] @Nullable [] countsBefore;
    private long[] words = new long[16];
    private int shard;
    private int last = -1;

    Builder(int shards) {
      this.starts = new int[shards];
      this.counts = new int[shards];
      this.bits = new long[shards][];
      this.countsBefore = new int[shards][];
    }

    void add(int ordinal) {
      if (counts[shard] == 0) {
        starts[shard] = ordinal;
      }
      int word = ordinal / Long.SIZE;
      if (word >= words.length) {
        words = Arrays.copyOf(words, Math.max(word + 1, 2 * words.length));
      }
      words[word] |= 1L << ordinal;
      counts[shard]++;
      last = ordinal;
    }

    void endShard() {
      int used = last / Long.SIZE + 1;
      if (counts[shard] > 0 && last - starts[shard] + 1 > counts[shard]) {
        long[] kept = Arrays.copyOf(words, used);
        int[] before = new int[Math.ceilDiv(used, WORDS_PER_COUNT)];
        int count = 0;
        for (int i = 0; i < used; i++) {
          if (i % WORDS_PER_COUNT == 0) {
            before[i / WORDS_PER_COUNT] = count;
          }
          count += Long.bitCount(kept[i]);
        }
        bits[shard] = kept;
        countsBefore[shard] = before;
      }
      Arrays.fill(words, 0, Math.min(used, words.length), 0);
      last = -1;
      shard++;
    }

    KeptOrdinals build() {
      return new KeptOrdinals(this);
    }
  }
}
