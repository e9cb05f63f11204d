package dev.penstock.sharding;

/**
 * A keyed bijection of {@code 0 .. n}: a Feistel network of eight rounds over two digits, {@code x
 * = u · a + v} with {@code a = ceil(sqrt n)}, that adds a hash of one digit to the other modulo its
 * radix, and steps again while the result is not below n (one index in sqrt n does). Needs no
 * table. Immutable; specified in {@code docs/order.md}.
 */
final class GlobalPermutation {
  /** Four rounds are visibly not uniform over small domains; eight pass what we test. */
  static final int ROUNDS = 8;

  /** Digits of a batch stay in the first-level cache. */
  private static final int BATCH = 256;

  private final long samples;
  private final long epoch;
  private final int radixLow;
  private final int radixHigh;
  private final int[] keys = new int[2 * ROUNDS];

  GlobalPermutation(long samples, long seed, long epoch) {
    this.samples = samples;
    this.epoch = epoch;
    this.radixLow = (int) rootCeiling(samples);
    this.radixHigh = (int) Math.ceilDiv(samples, (long) radixLow);
    for (int round = 0; round < ROUNDS; round++) {
      long key = Keyed.key(seed, Keyed.GLOBAL_ORDER, epoch, round);
      keys[2 * round] = (int) (key >>> 32);
      keys[2 * round + 1] = (int) key;
    }
  }

  long epoch() {
    return epoch;
  }

  long apply(long index) {
    long x = index;
    do {
      int high = (int) (x / radixLow);
      int low = (int) (x % radixLow);
      for (int round = 0; round < ROUNDS; round += 2) {
        high = plus(high, hash(low, keys[2 * round], keys[2 * round + 1]), radixHigh);
        low = plus(low, hash(high, keys[2 * round + 2], keys[2 * round + 3]), radixLow);
      }
      x = (long) high * radixLow + low;
    } while (x >= samples);
    return x;
  }

  long invert(long value) {
    long x = value;
    do {
      int high = (int) (x / radixLow);
      int low = (int) (x % radixLow);
      for (int round = ROUNDS - 2; round >= 0; round -= 2) {
        low = minus(low, hash(high, keys[2 * round + 2], keys[2 * round + 3]), radixLow);
        high = minus(high, hash(low, keys[2 * round], keys[2 * round + 1]), radixHigh);
      }
      x = (long) high * radixLow + low;
    } while (x >= samples);
    return x;
  }

  /** Room for the digits of a batch; one for each thread that asks. */
  static final class Scratch {
    private final int[] high = new int[BATCH];
    private final int[] low = new int[BATCH];
  }

  /** Most indexes of one call of {@link #applyBatch}. */
  static int batch() {
    return BATCH;
  }

  /**
   * Writes the images of {@code count} indexes from {@code first} on; the loops over int digits are
   * the form that the compiler turns into vector code.
   */
  void applyBatch(long first, int count, long[] out, Scratch scratch) {
    int[] high = scratch.high;
    int[] low = scratch.low;
    int digit = (int) (first % radixLow);
    int carry = (int) (first / radixLow);
    for (int i = 0; i < count; i++) {
      high[i] = carry;
      low[i] = digit;
      digit++;
      if (digit == radixLow) {
        digit = 0;
        carry++;
      }
    }
    for (int round = 0; round < ROUNDS; round += 2) {
      addHash(high, low, count, keys[2 * round], keys[2 * round + 1], radixHigh);
      addHash(low, high, count, keys[2 * round + 2], keys[2 * round + 3], radixLow);
    }
    for (int i = 0; i < count; i++) {
      long x = (long) high[i] * radixLow + low[i];
      out[i] = x < samples ? x : apply(x);
    }
  }

  private static void addHash(int[] to, int[] from, int count, int k1, int k2, int radix) {
    for (int i = 0; i < count; i++) {
      to[i] = plus(to[i], hash(from[i], k1, k2), radix);
    }
  }

  /** Adds a 32-bit hash, scaled to the radix by its high product, modulo the radix. */
  private static int plus(int digit, int hash, int radix) {
    int sum = digit + (int) (((hash & 0xFFFFFFFFL) * radix) >>> 32) - radix;
    return sum + ((sum >> 31) & radix);
  }

  private static int minus(int digit, int hash, int radix) {
    int difference = digit - (int) (((hash & 0xFFFFFFFFL) * radix) >>> 32);
    return difference + ((difference >> 31) & radix);
  }

  /** Wellons' lowbias32 (hash-prospector, 2018) with a key word before either multiplication. */
  private static int hash(int digit, int k1, int k2) {
    int x = digit ^ k1;
    x = (x ^ (x >>> 16)) * 0x7FEB352D;
    x = (x ^ (x >>> 15) ^ k2) * 0x846CA68B;
    return x ^ (x >>> 16);
  }

  private static long rootCeiling(long n) {
    long root = (long) Math.sqrt((double) n);
    while (root * root < n) {
      root++;
    }
    while (root > 1 && (root - 1) * (root - 1) >= n) {
      root--;
    }
    return Math.max(1, root);
  }
}
