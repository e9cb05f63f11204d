package dev.penstock.formats;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A shard in native memory, leased in pieces of a chosen size; counts what is read and leased. */
final class MemorySource implements ByteSource {
  private final String name;
  private final MemorySegment bytes;
  private final int pieceBytes;
  private final boolean lengthKnown;
  final AtomicLong bytesRead = new AtomicLong();
  final AtomicInteger reads = new AtomicInteger();
  final AtomicInteger openLeases = new AtomicInteger();

  MemorySource(String name, byte[] content) {
    this(name, content, Integer.MAX_VALUE, true);
  }

  MemorySource(String name, byte[] content, int pieceBytes, boolean lengthKnown) {
    this.name = name;
    this.pieceBytes = pieceBytes;
    this.lengthKnown = lengthKnown;
    bytes = Arena.ofAuto().allocate(Math.max(1, content.length), 64).asSlice(0, content.length);
    MemorySegment.copy(content, 0, bytes, ValueLayout.JAVA_BYTE, 0, content.length);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long lengthBytes() {
    return lengthKnown ? bytes.byteSize() : -1;
  }

  @Override
  public int readAt(long offset, MemorySegment target, long targetOffset, int length) {
    int got = (int) Math.clamp(bytes.byteSize() - offset, 0L, (long) length);
    if (got > 0) {
      MemorySegment.copy(bytes, offset, target, targetOffset, got);
    }
    reads.incrementAndGet();
    bytesRead.addAndGet(got);
    return got;
  }

  @Override
  public ByteLease request(long offset, long length) {
    openLeases.incrementAndGet();
    return new Lease(offset, length);
  }

  private final class Lease implements ByteLease {
    private final long offset;
    private final long length;
    private boolean closed;

    private Lease(long offset, long length) {
      this.offset = offset;
      this.length = length;
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void await(ByteRun run) throws IOException {
      if (offset + length > bytes.byteSize()) {
        throw new EOFException(name + " ends before " + (offset + length));
      }
      for (long at = 0; at < length; at += pieceBytes) {
        run.append(bytes, offset + at, Math.min(pieceBytes, length - at));
      }
    }

    @Override
    public void close() {
      if (closed) {
        throw new IllegalStateException("lease closed twice");
      }
      closed = true;
      openLeases.decrementAndGet();
    }
  }

  @Override
  public void close() {}
}
