package dev.penstock.bridge;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.Semaphore;

/**
 * A few aligned buffers through which the unaligned ends of direct reads pass. Whoever needs one
 * while all are in use waits for a read of another thread, never for a person or a queue.
 */
final class BounceBuffers implements AutoCloseable {
  /** Large enough that a wholly misaligned read is not dominated by its number of calls. */
  static final int BYTES = 256 << 10;

  private final BlockPool pool;
  private final Semaphore permits;

  private BounceBuffers(BlockPool pool) {
    this.pool = pool;
    this.permits = new Semaphore(pool.blockCount());
  }

  static BounceBuffers open(ByteBudget budget, int count) {
    return new BounceBuffers(BlockPool.open(budget, "bounce buffers", BYTES, count));
  }

  MemorySegment slab() {
    return pool.slab();
  }

  /** The offset in {@link #slab} of a buffer of {@link #BYTES} bytes; given back exactly once. */
  long take() {
    permits.acquireUninterruptibly();
    try {
      return pool.offset(pool.take());
    } catch (IllegalStateException e) {
      // Closed meanwhile: the next one must not wait for ever.
      permits.release();
      throw e;
    }
  }

  void give(long offset) {
    pool.give((int) (offset / BYTES));
    permits.release();
  }

  /** Waits until none is in use; whoever wants one later is refused. */
  @Override
  public void close() {
    permits.acquireUninterruptibly(pool.blockCount());
    pool.close();
    permits.release(pool.blockCount());
  }
}
