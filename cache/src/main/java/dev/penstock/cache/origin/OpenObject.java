package dev.penstock.cache.origin;

import dev.penstock.bridge.Scatter;
import java.lang.foreign.MemorySegment;

/**
 * A stored object opened for reading, pinned to the version it was opened with. Thread-safe. Closed
 * exactly once, after its last read has been answered.
 */
public interface OpenObject extends AutoCloseable {
  /** What was opened. */
  StoredObject object();

  /**
   * Starts reading and returns; the sink is told of each block. May block while too many reads are
   * in flight. A read may wait for {@link #flush} before it starts.
   */
  void read(RangeRead read);

  /** Starts whatever {@link #read} has only queued; cheap when nothing is. */
  void flush();

  /**
   * Reads on the calling thread and returns how many bytes, fewer than {@code length} only where
   * the object's recorded size ends. For headers and scans, and where {@link #isResident}.
   */
  int readNow(long offset, MemorySegment target, long targetOffset, int length)
      throws OriginException;

  /**
   * The same into several places, in order; all of them are inside the object. Returns how many
   * bytes were read, which is all.
   */
  default long readNow(long offset, Scatter target) throws OriginException {
    long done = 0;
    for (int piece = 0; piece < target.count(); piece++) {
      int length = Math.toIntExact(target.pieceLength(piece));
      int got = readNow(offset + done, target.slab(piece), target.slabOffset(piece), length);
      done += got;
      if (got < length) {
        throw endedEarly(offset, target.length(), done);
      }
    }
    return done;
  }

  /**
   * Whether the bytes are in this machine's memory already (page cache, tmpfs), so that {@link
   * #readNow} is a copy and not a wait.
   */
  boolean isResident();

  /**
   * The error for a range of which only {@code found} bytes are there, although the object's size
   * says that all should be. Looks whether the object was replaced meanwhile.
   */
  default OriginException endedEarly(long offset, long length, long found) {
    return new OriginException(
        OriginException.Kind.TRUNCATED,
        OriginException.Retry.PERMANENT,
        object().location(),
        offset,
        length,
        "only %d bytes are there, although the object was %d bytes long when it was opened"
            .formatted(found, object().sizeBytes()));
  }

  @Override
  void close();
}
