package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Byte buffers over native segments for libraries that take nothing else, kept so that a hot loop
 * over the same few slabs makes none. A buffer is good until the next call. Two sides of one call
 * (source and target) need an instance each, since they may share a slab.
 */
final class DirectViews {
  /** A buffer addresses an int's worth of bytes, so larger slabs are seen through windows. */
  private static final int WINDOW_SHIFT = 30;

  private static final int KEPT = 8;

  private final @Nullable MemorySegment[] segments = new MemorySegment[KEPT];
  private final long[] windows = new long[KEPT];
  private final @Nullable ByteBuffer[] buffers = new ByteBuffer[KEPT];
  private int next;

  /** A buffer positioned at the range and limited to it; {@code length} is at most 1 GiB. */
  ByteBuffer of(MemorySegment segment, long offset, int length) {
    ByteBuffer buffer = window(segment, offset >>> WINDOW_SHIFT);
    int position = (int) (offset & ((1L << WINDOW_SHIFT) - 1));
    return buffer.limit(position + length).position(position);
  }

  /** Identity is meant: an equal segment may belong to another, closed arena. */
  @SuppressWarnings({"ReferenceEquality", "MemorySegmentReferenceEquality"})
  private ByteBuffer window(MemorySegment segment, long window) {
    for (int i = 0; i < KEPT; i++) {
      ByteBuffer buffer = buffers[i];
      if (segments[i] == segment && windows[i] == window && buffer != null) {
        return buffer;
      }
    }
    long start = window << WINDOW_SHIFT;
    long length = Math.min(segment.byteSize() - start, Integer.MAX_VALUE);
    ByteBuffer made = segment.asSlice(start, length).asByteBuffer();
    segments[next] = segment;
    windows[next] = window;
    buffers[next] = made;
    next = (next + 1) % KEPT;
    return made;
  }

  /** Lets go of all segments. */
  void clear() {
    Arrays.fill(segments, null);
    Arrays.fill(buffers, null);
  }
}
