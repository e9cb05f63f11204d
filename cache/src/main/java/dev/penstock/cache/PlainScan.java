package dev.penstock.cache;

import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameTable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** A plain shard, gone through with small reads where payloads are hopped over. */
final class PlainScan implements ScanSource {
  private final OriginReads reads;
  private final CachedObject object;
  private final Runnable afterClose;
  private final AtomicBoolean closed = new AtomicBoolean();

  PlainScan(OriginReads reads, CachedObject object, Runnable afterClose) {
    this.reads = reads;
    this.object = object;
    this.afterClose = afterClose;
  }

  @Override
  public String name() {
    return object.stored().location();
  }

  @Override
  public long lengthBytes() {
    return object.stored().sizeBytes();
  }

  @Override
  public Codec codec() {
    return Codec.NONE;
  }

  @Override
  public Optional<FrameTable> framesSeen() {
    return Optional.of(FrameTable.single(lengthBytes(), lengthBytes()));
  }

  @Override
  public int readAt(long offset, MemorySegment target, long targetOffset, int length)
      throws IOException {
    return reads.now(object, offset, target, targetOffset, length);
  }

  @Override
  public ByteLease request(long offset, long length) {
    throw new UnsupportedOperationException("a scan reads forward; open a session for leases");
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      throw new IllegalStateException("the scan of " + name() + " was closed already");
    }
    afterClose.run();
  }
}
