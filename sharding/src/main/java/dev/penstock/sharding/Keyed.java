package dev.penstock.sharding;

/**
 * Every random function of the order, built on the SplitMix64 finaliser (Steele, Lea, Flood, 2014).
 * {@code docs/order.md} specifies them; {@link #ALGORITHM_VERSION} changes when one of them does,
 * so that a cursor never changes its meaning.
 */
final class Keyed {
  /** The version of all functions here and of the order built on them. */
  static final int ALGORITHM_VERSION = 1;

  /** What a key is for, so that equal numbers in other roles give unrelated keys. */
  static final long SHARD_ORDER = 1;

  static final long EXTENT_ORDER = 2;
  static final long WINDOW = 3;
  static final long GLOBAL_ORDER = 4;
  static final long ORDER_ID = 5;
  static final long SPLIT = 6;
  static final long MIX_SOURCE = 7;
  static final long GROUP_UNITS = 8;
  static final long ARRIVAL_SHARDS = 9;
  static final long ARRIVAL_WINDOW = 10;

  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  private Keyed() {}

  /** A bijection of 64-bit words in which every bit of the input moves about half of the output. */
  static long mix(long word) {
    long z = word;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** Adds a word to a running key. */
  static long absorb(long key, long word) {
    return mix((key ^ word) + GAMMA);
  }

  static long key(long seed, long purpose, long a) {
    return absorb(absorb(absorb(0, seed), purpose), a);
  }

  static long key(long seed, long purpose, long a, long b) {
    return absorb(key(seed, purpose, a), b);
  }

  static long key(long seed, long purpose, long a, long b, long c) {
    return absorb(key(seed, purpose, a, b), c);
  }

  /** The key of a text, by its UTF-16 units. */
  static long textKey(long seed, long purpose, String text) {
    long key = key(seed, purpose, text.length());
    for (int i = 0; i < text.length(); i++) {
      key = absorb(key, text.charAt(i));
    }
    return key;
  }

  /**
   * Shuffles {@code table[from .. from + size)} by Fisher–Yates (Durstenfeld's form, from the last
   * item down). The draw below {@code i + 1} is the high word of the 128-bit product with the next
   * SplitMix64 output; its bias, below 2^-33, is far under what any run could show.
   */
  static void shuffle(int[] table, int from, int size, long key) {
    long state = key;
    for (int i = size - 1; i > 0; i--) {
      state += GAMMA;
      int other = from + (int) Math.unsignedMultiplyHigh(mix(state), i + 1L);
      int held = table[from + i];
      table[from + i] = table[other];
      table[other] = held;
    }
  }

  /** Writes the permutation of {@code 0 .. size} that belongs to a key. */
  static void permutation(int[] table, int size, long key) {
    for (int i = 0; i < size; i++) {
      table[i] = i;
    }
    shuffle(table, 0, size, key);
  }
}
