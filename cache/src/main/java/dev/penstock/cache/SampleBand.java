package dev.penstock.cache;

/**
 * The part of the even sample of all blocks that the SSD tier is to hold: an arc of a circle of
 * 2^60 places, over which blocks are spread by a hash. It begins behind the part that memory keeps
 * anyway. Its core is as long as what fits; it goes on a little behind that, so that chance leaves
 * no slot empty when the core happens to hold fewer blocks than its share.
 */
record SampleBand(long start, long core, long length) {
  private static final long CIRCLE = 1L << 60;

  /** Everything. */
  static final SampleBand ALL = new SampleBand(0, CIRCLE, CIRCLE);

  /** Standard deviations by which the number of blocks in the band may fall short. */
  private static final double SLACK = 3;

  /**
   * The band for {@code slots} slots of {@code total} blocks, of which memory keeps {@code kept};
   * {@code total} is 0 if not known.
   *
   * @param together blocks that stand together in the sample
   */
  static SampleBand of(long total, long slots, long kept, int together) {
    if (total <= slots) {
      return ALL;
    }
    double part = (double) slots / total;
    double deviation = Math.sqrt((double) slots * together * (1 - part));
    double wanted = Math.min(1, (slots + SLACK * deviation) / total);
    double start = Math.min((double) kept / total, 1 - part);
    return new SampleBand(
        (long) (start * CIRCLE), (long) (part * CIRCLE), (long) (wanted * CIRCLE));
  }

  /** How far behind the band's start a block stands. */
  long place(long sample) {
    return (sample - start) & (CIRCLE - 1);
  }

  /** Whether something that stands so far behind the start is inside. */
  boolean contains(long place) {
    return place < length;
  }
}
