package dev.penstock.cache;

import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameTable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One reader's share of the cache: a quota of pinned memory and a plan. Thread-safe; requests for
 * one session are best made by one thread, in the order of need.
 *
 * <p>A lease on {@code n} bytes pins at most {@link #pinnedBytesMax} of the quota from the request
 * until it is closed. {@code request} waits while the quota is used up, for leases of this session
 * only; so a reader that opens leases in order of need and closes the oldest ones without waiting
 * for younger ones never deadlocks, whatever other sessions do.
 */
public interface CacheSession extends AutoCloseable {
  /** Opens a shard; what compresses it is found by its first bytes, which are read at once. */
  default ByteSource open(
      int shard, StoredObject object, @Nullable FrameTable frames, long decodedBytes)
      throws IOException {
    return open(shard, object, null, frames, decodedBytes);
  }

  /**
   * Opens a shard.
   *
   * @param shard its number in this session's plan, for {@link NextUse}
   * @param object the stored shard, as found
   * @param codec what compresses this version of it, if known: then nothing is read yet
   * @param frames where a compressed shard can be entered, if known
   * @param decodedBytes its decoded length, or -1 if not known
   * @throws dev.penstock.cache.origin.OriginException if it cannot be opened or has changed
   */
  ByteSource open(
      int shard,
      StoredObject object,
      @Nullable Codec codec,
      @Nullable FrameTable frames,
      long decodedBytes)
      throws IOException;

  /** The most that a lease of {@code length} bytes takes of the quota, in bytes. */
  long pinnedBytesMax(long length);

  /** What this session has had so far. */
  CacheSessionStats stats();

  /**
   * Gives the quota back. Requests that wait for room fail; all leases and sources must be closed
   * before; waits for this session's reads in flight.
   *
   * @throws IllegalStateException if leases are open
   */
  @Override
  void close();
}
