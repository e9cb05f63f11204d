package dev.penstock.sharding;

import java.util.Optional;
import java.util.SplittableRandom;

/**
 * How far one epoch of a plan is from a random permutation, from all of its batches if they are
 * few, else from some that lie evenly over it: bounded work for any dataset, the same figures
 * whenever it is asked.
 *
 * @param measures of them
 * @param samples of the epoch
 * @param batch rows of a batch
 * @param measured batches that were looked at
 */
public record SampledQuality(ShuffleQuality measures, long samples, int batch, long measured) {
  /** Rows that are looked at. */
  private static final long ROWS = 1 << 18;

  /**
   * A row, and an inverse, may have to make the permutation of a window: so many items are made in
   * all, each in some nanoseconds.
   */
  private static final long ITEMS = 1 << 26;

  private static final long INVERSE_ITEMS = 1 << 24;

  /** Larger batches are not measured: they would take more memory than all else. */
  private static final int BATCH_MAX = 1 << 20;

  /** The order of a plan in steps of its own. */
  public static Optional<SampledQuality> of(Plan plan) {
    return of(plan, plan.globalBatch());
  }

  /** The order of a plan in batches of {@code batch} rows; empty if there are not two of them. */
  public static Optional<SampledQuality> of(Plan plan, int batch) {
    return of(plan.order(), plan.shape(), plan.lanes(), plan.growsAt(), batch);
  }

  /**
   * The order of one source of a mixture, in batches of the rows that it has in a step.
   *
   * @param batch rows of the source in a step, about
   */
  public static Optional<SampledQuality> of(MixturePlan plan, int source, int batch) {
    return of(plan.order(source), plan.shape(source), plan.lanes(), 0, batch);
  }

  private static Optional<SampledQuality> of(
      Order order, DatasetShape shape, int lanes, long epoch, int batch) {
    long n = shape.sampleCount();
    if (batch < 2 || batch > BATCH_MAX || n < 2L * batch) {
      return Optional.empty();
    }
    int[] sizes = new int[shape.shardCount()];
    for (int shard = 0; shard < sizes.length; shard++) {
      sizes[shard] = shape.samplesIn(shard);
    }
    ShuffleTally tally = new ShuffleTally(n, batch, sizes, shape::shardOf);
    long batches = n / batch;
    long window = order.windowSize(epoch, 0);
    long made = window == n ? 1 : window; // all of it: there are no windows
    long most = Math.min(ROWS / batch, ITEMS / Math.min(lanes, batch) / made);
    long measured = Math.min(batches, Math.max(2, most));
    long inverted = Math.clamp(INVERSE_ITEMS / batch / made, 1, measured);
    SplittableRandom random = new SplittableRandom(1);
    long[] samples = new long[batch];
    for (long i = 0; i < measured; i++) {
      long first = random.nextLong(i * batches / measured, (i + 1) * batches / measured) * batch;
      for (int row = 0; row < batch; row++) {
        samples[row] = order.sampleAt(epoch, first + row);
      }
      tally.add(first, samples, batch);
      if (i * inverted / measured != (i + 1) * inverted / measured) {
        tally.addRecurrence(nextBatches(order, epoch + 1, samples));
      }
    }
    return Optional.of(new SampledQuality(tally.quality(), n, batch, measured));
  }

  private static long[] nextBatches(Order order, long epoch, long[] samples) {
    long[] next = new long[samples.length];
    for (int row = 0; row < next.length; row++) {
      next[row] = order.indexOf(epoch, samples[row]) / samples.length;
    }
    return next;
  }

  /** Full batches of the epoch. */
  public long batches() {
    return samples / batch;
  }

  /** Rows whose stored successor is in the same batch, as a part of all. */
  public double successors() {
    return measures.together() * chance();
  }

  /** The same in a random permutation. */
  public double chance() {
    return (batch - 1.0) / (samples - 1.0);
  }
}
