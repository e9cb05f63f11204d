package dev.penstock.cache.origin;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One contiguous range of an object, to be put into one or more equal blocks of memory. A store
 * with costly requests serves it with one request and scatters the body; a local disk reads block
 * by block.
 */
public final class RangeRead {
  private final long offset;
  private final long length;
  private final MemorySegment slab;
  private final long[] slabOffsets;
  private final int blockBytes;
  private final Sink sink;

  // Guarded by this.
  private boolean awaited;
  private @Nullable Runnable whenAwaited;

  /**
   * A read of {@code length} bytes at {@code offset} of the object, which must end inside it.
   *
   * @param slab where the blocks lie
   * @param slabOffsets where each block begins in {@code slab}; not copied, not to be changed
   * @param blockBytes what every block but the last receives
   * @param sink told once for each block
   */
  public RangeRead(
      long offset, long length, MemorySegment slab, long[] slabOffsets, int blockBytes, Sink sink) {
    long blocks = (length + blockBytes - 1) / blockBytes;
    if (offset < 0 || length <= 0 || blocks != slabOffsets.length) {
      throw new IllegalArgumentException(
          "%d bytes at %d do not fill %d blocks of %d bytes"
              .formatted(length, offset, slabOffsets.length, blockBytes));
    }
    this.offset = offset;
    this.length = length;
    this.slab = slab;
    this.slabOffsets = slabOffsets;
    this.blockBytes = blockBytes;
    this.sink = sink;
  }

  /**
   * Somebody waits for the bytes: no time is left until the plan needs them. An origin may spend
   * more on the read from now on. Any thread; does not block.
   */
  public void hurry() {
    Runnable told;
    synchronized (this) {
      told = awaited ? null : whenAwaited;
      awaited = true;
    }
    if (told != null) {
      told.run();
    }
  }

  /** Whether somebody waits for the bytes. */
  private synchronized boolean isAwaited() {
    return awaited;
  }

  /**
   * Nanoseconds until the bytes are needed, as the sink says, who also knows which of them have
   * come; where it cannot tell, 0 if somebody waits, else {@link Sink#UNKNOWN}. Changes with time
   * in both directions; does not block.
   */
  public long slackNanos() {
    long left = sink.slackNanos();
    return left == Sink.UNKNOWN && isAwaited() ? 0 : left;
  }

  /**
   * For origins: {@code listener} is run once, on the thread that begins to wait, and must not
   * block; not at all if somebody waits already. Replaces the listener before it.
   */
  public synchronized void whenAwaited(Runnable listener) {
    whenAwaited = listener;
  }

  /** First byte of the range in the object. */
  public long offset() {
    return offset;
  }

  /** Bytes of the range. */
  public long length() {
    return length;
  }

  /** Where the blocks lie. */
  public MemorySegment slab() {
    return slab;
  }

  /** What every block but the last receives. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Who is told. */
  public Sink sink() {
    return sink;
  }

  /** Number of blocks. */
  public int blockCount() {
    return slabOffsets.length;
  }

  /** Where a block begins in {@link #slab}. */
  public long slabOffset(int block) {
    return slabOffsets[block];
  }

  /** First byte in the object of a block. */
  public long blockOffset(int block) {
    return offset + (long) block * blockBytes;
  }

  /** Bytes that a block is to receive. */
  public int blockLength(int block) {
    return (int) Math.min(blockBytes, length - (long) block * blockBytes);
  }

  /**
   * Told of each block exactly once, in any order, on the origin's threads. Must not block: it may
   * delay other reads. After the call the origin no longer touches the block.
   */
  public interface Sink {
    /** Answer of {@link #slackNanos} where nobody can tell. */
    long UNKNOWN = Long.MAX_VALUE;

    /**
     * {@code bytes} of the block are in place. Fewer than asked for means that the origin's answer
     * broke off there; the receiver decides whether to ask for the rest.
     */
    void arrived(int block, int bytes);

    /** The block could not be had. */
    void failed(int block, OriginException failure);

    /**
     * Nanoseconds until the first byte that has not come yet is needed, 0 if it is already; {@link
     * #UNKNOWN} if that cannot be told. An estimate, asked for at any time from any thread.
     */
    default long slackNanos() {
      return UNKNOWN;
    }
  }
}
