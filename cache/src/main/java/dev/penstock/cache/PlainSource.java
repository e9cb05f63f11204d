package dev.penstock.cache;

import dev.penstock.cache.origin.OpenObject;
import dev.penstock.formats.ByteSource;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** An uncompressed shard. */
final class PlainSource implements ByteSource {
  /**
   * Shorter ranges share blocks instead of being read exactly: below this a {@code pread} costs
   * more for the call than for the bytes (facts: 4 GB/s at 4 KiB, 10 from 64 KiB on).
   */
  private static final long EXACT_BYTES_MIN = 16 << 10;

  private final OpenSession session;
  private final CachedObject object;

  PlainSource(OpenSession session, CachedObject object) {
    this.session = session;
    this.object = object;
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
  public int readAt(long offset, MemorySegment target, long targetOffset, int length)
      throws IOException {
    return session.cache().reads().now(object, offset, target, targetOffset, length);
  }

  @Override
  public ByteLease request(long offset, long length) throws IOException, InterruptedException {
    if (offset < 0 || length < 0) {
      throw new IllegalArgumentException("no such range: %d bytes at %d".formatted(length, offset));
    }
    if (length > lengthBytes() - offset) {
      throw new EOFException(
          "%s: %d bytes at %d were asked for, the shard ends at %d"
              .formatted(name(), length, offset, lengthBytes()));
    }
    RamTier tier = session.tier();
    if (length >= EXACT_BYTES_MIN && !tier.keepsUnpinned()) {
      ByteLease exact = exact(offset, length);
      if (exact != null) {
        return exact;
      }
    }
    Missing missing = new Missing();
    Block[] blocks = session.acquire(object, false, offset, length, missing);
    if (missing.count > 0) {
      session.cache().fetches().start(session.share(), object, missing);
    }
    return new BlockLease(session, object, offset, length, blocks);
  }

  private @Nullable ByteLease exact(long offset, long length)
      throws IOException, InterruptedException {
    OpenObjects open = session.cache().openObjects();
    OpenObject handle = open.acquire(object);
    boolean resident = handle.isResident();
    open.release(object);
    return resident
        ? new ExactLease(session, object, offset, length, session.chargeExact(object, length))
        : null;
  }

  /** The handle belongs to the cache, and the blocks to their leases: nothing is left to close. */
  @Override
  public void close() {}
}
