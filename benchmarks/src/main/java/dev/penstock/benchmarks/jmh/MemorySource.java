package dev.penstock.benchmarks.jmh;

import dev.penstock.formats.ByteRun;
import dev.penstock.formats.ByteSource;
import java.lang.foreign.MemorySegment;

/** A shard that lies in memory as a whole. */
final class MemorySource implements ByteSource {
  private final MemorySegment bytes;

  MemorySource(MemorySegment bytes) {
    this.bytes = bytes;
  }

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public long lengthBytes() {
    return bytes.byteSize();
  }

  @Override
  public int readAt(long offset, MemorySegment target, long targetOffset, int length) {
    int part = (int) Math.max(0, Math.min(length, bytes.byteSize() - offset));
    MemorySegment.copy(bytes, offset, target, targetOffset, part);
    return part;
  }

  @Override
  public ByteLease request(long offset, long length) {
    return new ByteLease() {
      @Override
      public boolean isReady() {
        return true;
      }

      @Override
      public void await(ByteRun run) {
        run.append(bytes, offset, length);
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void close() {}
}
