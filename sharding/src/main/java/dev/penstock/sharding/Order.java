package dev.penstock.sharding;

/**
 * The order inside an epoch: index to sample and back. Thread-safe; the locators that it hands out
 * are not.
 */
abstract sealed class Order permits StoredOrder, BlockOrder, GlobalOrder, GrownOrder {
  /** Where the run was at its last question, so that the next one near it is quick. */
  interface Locator {
    /**
     * Writes the samples at {@code count} indexes, {@code stride} apart, into the rows from {@code
     * row} on. The stride is the number of lanes, so that a run stays in one lane.
     */
    void locate(long epoch, long index, int stride, int count, StepSamples out, int row);
  }

  static Order of(DatasetShape shape, OrderSpec spec) {
    return switch (spec.shuffle()) {
      case NONE -> new StoredOrder(shape);
      case BLOCK -> new BlockOrder(shape, spec);
      case GLOBAL -> new GlobalOrder(shape, spec.seed());
      case ARRIVAL -> throw new IllegalStateException("no specification has " + spec.shuffle());
    };
  }

  abstract long sampleAt(long epoch, long index);

  abstract long indexOf(long epoch, long sample);

  /**
   * The smallest index in the epoch, above a bound, at which one of the samples {@code [from, to)}
   * is read; -1 if there is none.
   */
  abstract long nextIndex(long epoch, long from, long to, long above);

  /** The samples of an epoch. */
  abstract long samples(long epoch);

  /** How many indexes share a window with one; all of the epoch where there are no windows. */
  long windowSize(long epoch, long index) {
    return samples(epoch);
  }

  /** The index so many further in the same window, round its end. */
  long substitute(long epoch, long index, int distance) {
    return (index + distance) % samples(epoch);
  }

  /** Expected decoded bytes of an epoch by needed bytes, for one host that reads all lanes. */
  abstract double decodeWaste();

  abstract Locator locator();
}
