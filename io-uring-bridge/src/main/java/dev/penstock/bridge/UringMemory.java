package dev.penstock.bridge;

import java.lang.foreign.MemorySegment;

/** The memory that an io_uring reader needs for itself: about 3 MiB, counted. */
record UringMemory(BounceBuffers callersBounce, BlockPool ringBounce, NativeRegion wake)
    implements AutoCloseable {
  private static final int CALLERS_BLOCKS = 4;
  private static final int RING_BLOCKS = 8;

  static UringMemory open(ByteBudget budget) {
    BounceBuffers callers = BounceBuffers.open(budget, CALLERS_BLOCKS);
    BlockPool ring = null;
    try {
      ring = BlockPool.open(budget, "ring bounce buffers", BounceBuffers.BYTES, RING_BLOCKS);
      NativeRegion wake = NativeRegion.open(budget, "ring wake-up", NativeRegion.PAGE_BYTES);
      return new UringMemory(callers, ring, wake);
    } catch (RuntimeException | Error e) {
      if (ring != null) {
        ring.close();
      }
      callers.close();
      throw e;
    }
  }

  /** Where the posted eventfd read puts its counter. */
  MemorySegment wakeTarget() {
    return wake.segment();
  }

  @Override
  public void close() {
    wake.close();
    ringBounce.close();
    callersBounce.close();
  }
}
