package dev.penstock.cache;

import dev.penstock.bridge.Scatter;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.formats.ByteSource;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** An uncompressed shard. */
final class PlainSource implements ByteSource {
  /**
   * Shorter ranges share blocks instead of being read exactly: below this a {@code pread} costs
   * more for the call than for the bytes (facts: 4 GB/s at 4 KiB, 10 from 64 KiB on).
   */
  private static final long EXACT_BYTES_MIN = 16 << 10;

  private final OpenSession session;
  private final CachedObject object;
  private final boolean resident;

  private PlainSource(OpenSession session, CachedObject object, boolean resident) {
    this.session = session;
    this.object = object;
    this.resident = resident;
  }

  /** Over an object of an open session; looks whether its bytes are in memory already. */
  static PlainSource of(OpenSession session, CachedObject object) throws OriginException {
    OpenObjects open = session.cache().openObjects();
    OpenObject handle = open.acquire(object);
    try {
      return new PlainSource(session, object, handle.isResident());
    } finally {
      open.release(object);
    }
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
    if (length >= EXACT_BYTES_MIN && copies()) {
      return new ExactLease(session, object, offset, length, session.chargeExact(object, length));
    }
    Missing missing = new Missing();
    Block[] blocks = session.acquire(object, false, offset, length, missing);
    if (missing.count > 0) {
      fetch(missing);
    }
    return new BlockLease(session, object, offset, length, blocks);
  }

  private void fetch(Missing missing) {
    Fetches fetches = session.cache().fetches();
    SsdTier.Hits hits = session.takeFromSsd(missing);
    if (missing.count > 0) {
      fetches.start(session.share(), object, missing);
    }
    session.startSsd(hits, block -> fetches.start(session.share(), object, Missing.of(block)));
  }

  @Override
  public boolean copies() {
    return resident && !session.tier().keepsUnpinned();
  }

  @Override
  public void readInto(long offset, Scatter target) throws IOException {
    if (offset < 0 || target.length() > lengthBytes() - offset) {
      throw new EOFException(
          "%s: %d bytes at %d were asked for, the shard ends at %d"
              .formatted(name(), target.length(), offset, lengthBytes()));
    }
    session.cache().reads().now(object, offset, target);
  }

  /** The handle belongs to the cache, and the blocks to their leases: nothing is left to close. */
  @Override
  public void close() {}
}
