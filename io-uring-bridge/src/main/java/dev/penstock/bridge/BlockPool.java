package dev.penstock.bridge;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Equal blocks of page-aligned native memory in one slab. The slab is allocated and counted when
 * the pool opens and lives until it closes, so hot code may pass (slab, offset, length) without any
 * handle per block.
 *
 * <p>The block given back last is handed out first: its lines are the likeliest to be in the CPU's
 * cache. Thread-safe; {@link #take} and {@link #give} cost tens of nanoseconds and never block for
 * long.
 *
 * <p>The slab's segment has the global scope: no liveness check protects an access after {@link
 * #close}, which is why closing is refused while blocks are out.
 */
public final class BlockPool implements AutoCloseable {
  private final NativeRegion region;
  private final String purpose;
  private final int blockBytes;
  private final int blockCount;
  private final int[] free;
  private final boolean[] out;
  private int freeCount;
  private boolean closed;

  private BlockPool(NativeRegion region, String purpose, int blockBytes, int blockCount) {
    this.region = region;
    this.purpose = purpose;
    this.blockBytes = blockBytes;
    this.blockCount = blockCount;
    this.free = new int[blockCount];
    // The first blocks taken are the lowest, so a half-used pool touches half of its pages.
    Arrays.setAll(free, place -> blockCount - 1 - place);
    this.out = new boolean[blockCount];
    this.freeCount = blockCount;
  }

  /**
   * Allocates {@code blockCount} blocks of {@code blockBytes} each, reserved from {@code budget}.
   *
   * @param blockBytes a multiple of 4,096
   * @throws BudgetExceededException if the slab does not fit the budget
   */
  public static BlockPool open(ByteBudget budget, String purpose, int blockBytes, int blockCount) {
    if (blockBytes <= 0 || blockBytes % NativeRegion.PAGE_BYTES != 0) {
      throw new IllegalArgumentException(
          "block size of pool %s must be a positive multiple of %d bytes, was %d"
              .formatted(purpose, NativeRegion.PAGE_BYTES, blockBytes));
    }
    if (blockCount <= 0) {
      throw new IllegalArgumentException(
          "pool %s needs at least one block, asked for %d".formatted(purpose, blockCount));
    }
    NativeRegion region = NativeRegion.open(budget, purpose, (long) blockBytes * blockCount);
    return new BlockPool(region, purpose, blockBytes, blockCount);
  }

  /** All blocks, one after the other. */
  public MemorySegment slab() {
    return region.segment();
  }

  /** The size of a block in bytes. */
  public int blockBytes() {
    return blockBytes;
  }

  /** How many blocks there are. */
  public int blockCount() {
    return blockCount;
  }

  /** Takes a free block; returns its index, or -1 if none is free. The caller gives it back. */
  public synchronized int take() {
    if (closed) {
      throw new IllegalStateException("pool " + purpose + " is closed");
    }
    if (freeCount == 0) {
      return -1;
    }
    int block = free[--freeCount];
    out[block] = true;
    return block;
  }

  /**
   * Gives back a block that {@link #take} returned.
   *
   * @throws IllegalStateException if it is not out
   */
  public synchronized void give(int block) {
    if (block < 0 || block >= blockCount || !out[block]) {
      throw new IllegalStateException(
          "block %d of pool %s (%d blocks) is not out".formatted(block, purpose, blockCount));
    }
    out[block] = false;
    free[freeCount++] = block;
  }

  /** Where {@code block} begins in {@link #slab}, in bytes. */
  public long offset(int block) {
    return (long) block * blockBytes;
  }

  /** How many blocks can be taken now. */
  public synchronized int freeCount() {
    return freeCount;
  }

  /**
   * Unmaps the slab and gives its bytes back to the budget.
   *
   * @throws IllegalStateException if blocks are still out, or if the pool was closed already
   */
  @Override
  public synchronized void close() {
    if (closed) {
      throw new IllegalStateException("pool " + purpose + " was closed already");
    }
    if (freeCount != blockCount) {
      throw new IllegalStateException(
          "%d of %d blocks of pool %s are still out"
              .formatted(blockCount - freeCount, blockCount, purpose));
    }
    closed = true;
    region.close();
  }
}
