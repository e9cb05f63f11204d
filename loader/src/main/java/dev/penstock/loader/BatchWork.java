package dev.penstock.loader;

import dev.penstock.formats.ByteSource.ByteLease;
import dev.penstock.sharding.Position;
import dev.penstock.sharding.StepSamples;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One batch on its way: which samples it has, and the leases that the look-ahead takes for them in
 * row order while the gather consumes them in the same order. Written by the look-ahead thread,
 * read by one gather thread.
 */
final class BatchWork {
  final long sequence;
  final Position after;
  final long step;
  final long epoch;
  final int rows;
  final ShardView[] shards;
  final int[] ordinals;
  final int[] sources;
  final int[] packs;
  final int[] starts;
  final long[] epochs;
  final long[] indexes;
  final boolean[] valid;
  private final @Nullable ByteLease[] leases;

  // Rows whose leases are there. Written with release after the lease, read with acquire before it.
  private volatile int requested;
  private volatile @Nullable Thread waiter;

  /** A batch of the step that {@code samples} holds, which are copied; there is at least one. */
  BatchWork(long sequence, long step, Position after, StepSamples samples, ShardView[] shards) {
    this.sequence = sequence;
    this.after = after;
    this.step = step;
    this.rows = samples.count();
    this.shards = shards;
    ordinals = new int[rows];
    sources = new int[rows];
    packs = new int[rows];
    starts = new int[rows];
    epochs = new long[rows];
    indexes = new long[rows];
    valid = new boolean[rows];
    leases = new @Nullable ByteLease[rows];
    for (int row = 0; row < rows; row++) {
      ordinals[row] = samples.ordinal(row);
      sources[row] = samples.source(row);
      packs[row] = samples.pack(row);
      starts[row] = samples.start(row);
      epochs[row] = samples.epoch(row);
      indexes[row] = samples.index(row);
      valid[row] = samples.valid(row);
    }
    epoch = samples.epoch();
  }

  /**
   * A batch of samples that were found where they lie; {@code ordinals} are their places in the
   * shards' indexes. Both arrays are copied.
   *
   * @param epoch in which its first row is
   */
  BatchWork(
      long sequence, long step, long epoch, Position after, ShardView[] shards, int[] ordinals) {
    this.sequence = sequence;
    this.after = after;
    this.step = step;
    this.epoch = epoch;
    rows = ordinals.length;
    this.shards = shards.clone();
    this.ordinals = ordinals.clone();
    sources = new int[rows];
    packs = new int[rows];
    starts = new int[rows];
    epochs = new long[rows];
    indexes = new long[rows];
    valid = new boolean[rows];
    Arrays.fill(valid, true);
    leases = new @Nullable ByteLease[rows];
  }

  /** What stands behind the last batch. */
  static BatchWork end(long sequence, Position after) {
    return new BatchWork(
        sequence, after.step(), after.epoch(), after, new ShardView[0], new int[0]);
  }

  /** Whether this is what stands behind the last batch. */
  boolean isEnd() {
    return rows == 0;
  }

  /** Look-ahead: the lease of the next row; null if it is to be read in place. */
  void add(@Nullable ByteLease lease) {
    int row = requested;
    leases[row] = lease;
    requested = row + 1;
    LockSupport.unpark(waiter);
  }

  /**
   * Gather: takes the lease of a row over, waiting until it was requested; null if the row is to be
   * read in place. Called once for each row.
   */
  @Nullable ByteLease takeLease(int row) throws InterruptedException {
    if (requested <= row) {
      waiter = Thread.currentThread();
      while (requested <= row) {
        LockSupport.park(this);
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
      }
      waiter = null;
    }
    ByteLease lease = leases[row];
    leases[row] = null;
    return lease;
  }

  /**
   * Closes the leases that nobody took and lets go of the shards. Called when both sides are done.
   */
  void discard(Session session) {
    for (int row = 0; row < rows; row++) {
      ByteLease lease = leases[row];
      if (lease != null) {
        leases[row] = null;
        lease.close();
      }
      session.release(shards[row]);
    }
  }
}
