package dev.penstock.cache.remote;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** The place of a read that the calling thread waits for. One thread. */
final class NowBody implements RangeTransport.Body {
  private final ByteBuffer target;

  NowBody(MemorySegment segment, long offset, int length) {
    this.target = segment.asSlice(offset, length).asByteBuffer();
  }

  @Override
  public ByteBuffer room() {
    return target;
  }

  @Override
  public void filled(int bytes) {}

  int placed() {
    return target.position();
  }
}
