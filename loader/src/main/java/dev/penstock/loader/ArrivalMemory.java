package dev.penstock.loader;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How much of a session's share of the cache its pieces take: all that are leased, and those of
 * them that the reading thread itself keeps, which it therefore cannot wait for. Held is for the
 * reading thread; leases may be closed by any.
 */
final class ArrivalMemory {
  private final long quotaBytes;
  private final long reserveBytes;
  private final AtomicLong leased = new AtomicLong();
  private long held;
  private long waitedNanos;

  /**
   * Of so many bytes.
   *
   * @param reserveBytes left free by reading ahead, for what is needed at once
   */
  ArrivalMemory(long quotaBytes, long reserveBytes) {
    this.quotaBytes = quotaBytes;
    this.reserveBytes = reserveBytes;
  }

  long quotaBytes() {
    return quotaBytes;
  }

  /** Whether so much may be read ahead of need, without waiting for anything. */
  boolean hasRoomAhead(long bytes) {
    return leased.get() + bytes <= quotaBytes - reserveBytes;
  }

  /** Whether so much fits beside what is kept here, once all batches under way are gathered. */
  boolean fits(long bytes) {
    return held + bytes <= quotaBytes;
  }

  /** The reading thread has waited for bytes. */
  void waited(long nanos) {
    waitedNanos += nanos;
  }

  /** How long the reading thread has waited for bytes. */
  long waitedNanos() {
    return waitedNanos;
  }

  /** A piece was asked for, and is kept. */
  void taken(long bytes) {
    held += bytes;
    leased.addAndGet(bytes);
  }

  /** A piece is not kept here any more; rows of batches under way may still need it. */
  void letGo(long bytes) {
    held -= bytes;
  }

  /** A piece's lease was closed. */
  void closed(long bytes) {
    leased.addAndGet(-bytes);
  }
}
