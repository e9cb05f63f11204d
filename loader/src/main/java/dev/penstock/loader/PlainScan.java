package dev.penstock.loader;

import dev.penstock.cache.BlockCache;
import dev.penstock.cache.CacheSession;
import dev.penstock.cache.NextUse;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.ByteSource;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** A shard opened for one forward pass, in a cache session of its own. */
final class PlainScan implements ByteSource {
  private static final long QUOTA_BYTES = 1 << 20;

  private final CacheSession session;
  private final ByteSource source;

  PlainScan(BlockCache cache, StoredObject object) throws IOException {
    session = cache.session(QUOTA_BYTES, (shard, offset, length) -> NextUse.NEVER);
    try {
      source = session.open(0, object, null, object.sizeBytes());
    } catch (IOException | RuntimeException | Error e) {
      session.close();
      throw e;
    }
  }

  @Override
  public String name() {
    return source.name();
  }

  @Override
  public long lengthBytes() {
    return source.lengthBytes();
  }

  @Override
  public int readAt(long offset, MemorySegment target, long targetOffset, int length)
      throws IOException {
    return source.readAt(offset, target, targetOffset, length);
  }

  @Override
  public ByteLease request(long offset, long length) throws IOException, InterruptedException {
    return source.request(offset, length);
  }

  @Override
  public void close() throws IOException {
    try (session) {
      source.close();
    }
  }
}
