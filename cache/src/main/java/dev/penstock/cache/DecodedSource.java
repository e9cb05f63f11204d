package dev.penstock.cache;

import dev.penstock.formats.ByteRun;
import dev.penstock.formats.ByteSource;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** A compressed shard. */
final class DecodedSource implements ByteSource {
  private final OpenSession session;
  private final Decoding decoding;
  private final Decompression decompression;

  DecodedSource(OpenSession session, Decoding decoding, Decompression decompression) {
    this.session = session;
    this.decoding = decoding;
    this.decompression = decompression;
  }

  @Override
  public String name() {
    return decoding.object().stored().location();
  }

  @Override
  public long lengthBytes() {
    return decoding.decodedBytes;
  }

  @Override
  public boolean endsEarly() {
    return decoding.lastDecodable() < Long.MAX_VALUE;
  }

  @Override
  public int readAt(long offset, MemorySegment target, long targetOffset, int length)
      throws IOException {
    int blockBytes = session.tier().blockBytes();
    ByteRun run = new ByteRun();
    int done = 0;
    while (done < length) {
      long at = offset + done;
      int part = (int) Math.min(length - done, blockBytes - at % blockBytes);
      run.clear();
      try (BlockLease lease = lease(at, part)) {
        lease.awaitAvailable(run);
        run.copyTo(0, target, targetOffset + done, run.length());
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        throw Failures.interrupted(name());
      }
      done += (int) run.length();
      if (run.length() < part) {
        break;
      }
    }
    return done;
  }

  @Override
  public ByteLease request(long offset, long length) throws IOException, InterruptedException {
    if (offset < 0 || length < 0) {
      throw new IllegalArgumentException("no such range: %d bytes at %d".formatted(length, offset));
    }
    long known = decoding.decodedBytes;
    if (known >= 0 && length > known - offset) {
      throw new EOFException(
          "%s: %d decoded bytes at %d were asked for, the shard ends at %d"
              .formatted(name(), length, offset, known));
    }
    return lease(offset, length);
  }

  private BlockLease lease(long offset, long length) throws IOException, InterruptedException {
    Missing missing = new Missing();
    Block[] blocks;
    SsdTier.Hits hits = null;
    // One step: a stream must not come by a block that is missed but not yet asked for, take it for
    // another stream's, and pass.
    session.tier().enter();
    try {
      blocks = session.acquire(decoding.object(), true, offset, length, missing);
      if (missing.count > 0) {
        hits = session.takeFromSsd(missing);
      }
      if (missing.count > 0) {
        decompression.demand(decoding, session.share(), missing);
      }
    } finally {
      session.tier().leave();
    }
    session.startSsd(
        hits, block -> decompression.demand(decoding, session.share(), Missing.of(block)));
    return new BlockLease(session, decoding.object(), offset, length, blocks);
  }

  /** Streams and blocks belong to the cache and to the leases: nothing is left to close. */
  @Override
  public void close() {}
}
