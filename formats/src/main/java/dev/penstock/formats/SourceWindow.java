package dev.penstock.formats;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A window that moves forward over a source. It reads a few KiB where payloads are hopped over, and
 * doubles that, up to {@link #SEQUENTIAL_BYTES}, while each look falls right behind the last.
 */
final class SourceWindow extends Window implements AutoCloseable {
  /** One page: a header, and with luck a small field and the header behind it. */
  private static final int HOP_BYTES = 4 << 10;

  static final int SEQUENTIAL_BYTES = 64 << 10;

  private final ByteSource source;
  private Arena arena = Arena.ofShared();
  private MemorySegment buffer = arena.allocate(SEQUENTIAL_BYTES, 4096);
  private long start;
  private int have;
  private int stepBytes = HOP_BYTES / 2;
  private boolean closed;

  /** What ended the last look short; thrown to whoever wants a byte behind that place. */
  private @Nullable MalformedRecordException failure;

  SourceWindow(ByteSource source) {
    this.source = source;
  }

  @Override
  int load(long position, int length) throws IOException {
    if (position < start || position + length > start + have) {
      fill(position, length);
    }
    segment = buffer;
    base = position - start;
    if (failure != null && position + length > start + have) {
      throw failure;
    }
    return Math.clamp(start + have - position, 0, length);
  }

  private void fill(long position, int length) throws IOException {
    boolean near = position <= start + have;
    stepBytes = near ? Math.min(stepBytes * 2, SEQUENTIAL_BYTES) : HOP_BYTES;
    int wanted = Math.max(length, stepBytes);
    if (wanted > buffer.byteSize()) {
      Arena grown = Arena.ofShared();
      buffer = grown.allocate(wanted, 4096);
      arena.close();
      arena = grown;
    }
    start = position;
    have = 0;
    failure = null;
    try {
      int got = source.readAt(position, buffer, 0, wanted);
      while (got > 0) {
        have += got;
        got = have < wanted ? source.readAt(position + have, buffer, have, wanted - have) : 0;
      }
    } catch (MalformedRecordException malformed) {
      failure = malformed;
    }
  }

  /** Whether the byte at {@code position} exists. */
  boolean exists(long position) throws IOException {
    long length = source.lengthBytes();
    return length >= 0 ? position < length : load(position, 1) == 1;
  }

  String name() {
    return source.name();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      arena.close();
    }
  }
}
