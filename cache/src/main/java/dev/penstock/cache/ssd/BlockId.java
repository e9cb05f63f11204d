package dev.penstock.cache.ssd;

/**
 * What names a block for ever and everywhere.
 *
 * @param object the object and its version
 * @param decoded whether its bytes are decoded ones
 * @param number which block of them; below 2^32
 */
public record BlockId(ObjectId object, boolean decoded, long number) {
  /** Block numbers are kept in 32 bits: 2 PiB of an object in blocks of 512 KiB. */
  public static final long NUMBER_MAX = 0xFFFF_FFFFL;

  /** Well-mixed bits of all parts (the finaliser of SplitMix64). */
  int bucketHash() {
    long z = object.low() ^ (number * 2 + (decoded ? 1 : 0)) * 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return (int) (z ^ (z >>> 31));
  }
}
