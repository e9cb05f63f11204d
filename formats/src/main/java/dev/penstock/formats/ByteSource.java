package dev.penstock.formats;

import dev.penstock.bridge.Scatter;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * The decoded bytes of one shard, pinned to one version of it. Declared here, implemented by the
 * cache (and by tests over memory). Thread-safe.
 */
public interface ByteSource extends AutoCloseable {
  /** The shard's name, for messages. */
  String name();

  /** Length in decoded bytes, or -1 while it is not known (a compressed shard without an index). */
  long lengthBytes();

  /**
   * Whether {@link #lengthBytes} is not the shard's end but where its bytes cease to decode, as
   * somebody has found before.
   */
  default boolean endsEarly() {
    return false;
  }

  /**
   * Copies up to {@code length} bytes at {@code offset} into {@code target} and returns how many;
   * fewer only at the end or in front of bytes that do not decode, 0 at or past the end. Blocks.
   * For scans, headers and tools; a compressed shard is cheap to read forward and dear to read
   * backward.
   *
   * @throws IOException if the bytes cannot be had; {@link MalformedRecordException} if the first
   *     of them does not decode
   */
  int readAt(long offset, MemorySegment target, long targetOffset, int length) throws IOException;

  /**
   * Asks for {@code [offset, offset + length)}: starts fetching and returns at once, unless the
   * requester's share of memory is used up; then it blocks until some of it comes back. Requests
   * are fetched in the order of the calls. The caller owns the lease.
   */
  ByteLease request(long offset, long length) throws IOException, InterruptedException;

  /**
   * Whether reading copies the bytes out of this machine's memory (page cache, tmpfs) and nothing
   * is gained by asking for them early: then {@link #readInto} saves a copy. Does not change while
   * the source is open.
   */
  default boolean copies() {
    return false;
  }

  /**
   * Reads the bytes from {@code offset} on into the places of {@code target}, all of which must be
   * inside the shard, on the calling thread. Takes none of the requester's share of memory.
   *
   * @throws IOException if they cannot be had
   */
  default void readInto(long offset, Scatter target) throws IOException {
    long done = 0;
    for (int piece = 0; piece < target.count(); piece++) {
      int length = Math.toIntExact(target.pieceLength(piece));
      int got = readAt(offset + done, target.slab(piece), target.slabOffset(piece), length);
      done += got;
      if (got < length) {
        throw new EOFException(
            "%s ends at %d, %d bytes at %d were asked for"
                .formatted(name(), offset + done, target.length(), offset));
      }
    }
  }

  @Override
  void close() throws IOException;

  /** The right to read a range of a shard. Closed exactly once, whether or not it was awaited. */
  interface ByteLease extends AutoCloseable {
    /** Whether {@link #await} would return, or fail, at once. */
    boolean isReady();

    /**
     * Waits for the bytes and appends them to {@code run}; they stay valid and unchanged until
     * {@link #close}. Called at most once, by one thread.
     *
     * @throws IOException if they cannot be had, or the shard ends before the range does
     */
    void await(ByteRun run) throws IOException, InterruptedException;

    /**
     * The same, but what lies behind the end of the shard is left out: for a reader who did not
     * know where that is when he asked.
     */
    default void awaitAvailable(ByteRun run) throws IOException, InterruptedException {
      await(run);
    }

    @Override
    void close();
  }
}
