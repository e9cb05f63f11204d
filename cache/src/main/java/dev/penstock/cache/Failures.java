package dev.penstock.cache;

import dev.penstock.bridge.BlockPool;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.formats.MalformedRecordException;
import java.io.IOException;

/** A failure that several threads wait for: each gets its own exception, with its own trace. */
final class Failures {
  private Failures() {}

  static IOException forWaiter(IOException failure) {
    return switch (failure) {
      case OriginException origin -> origin.copy();
      case MalformedRecordException malformed -> {
        MalformedRecordException copy =
            new MalformedRecordException(malformed.shard(), malformed.offset(), malformed.reason());
        copy.initCause(malformed);
        yield copy;
      }
      default -> new IOException(failure.getMessage(), failure);
    };
  }

  static OriginException interrupted(String location) {
    return new OriginException(
        OriginException.Kind.CANCELLED,
        OriginException.Retry.PERMANENT,
        location,
        "interrupted while reading");
  }

  static void refuseClosed(Share share, CachedObject object) throws OriginException {
    if (share.closed) {
      throw new OriginException(
          OriginException.Kind.CANCELLED,
          OriginException.Retry.PERMANENT,
          object.stored().location(),
          "the cache session is closed");
    }
  }

  static IllegalArgumentException quotaRefused(long quotaBytes, int freeBlocks, BlockPool pool) {
    long blockBytes = pool.blockBytes();
    return new IllegalArgumentException(
        "a session asks for %d bytes of the block cache; %d of its %d bytes are not promised to others, and the least is one block of %d bytes; ask for no more than that, or make the pool larger by %d bytes"
            .formatted(
                quotaBytes,
                freeBlocks * blockBytes,
                pool.blockCount() * blockBytes,
                blockBytes,
                Math.max(0, quotaBytes - freeBlocks * blockBytes)));
  }

  static IllegalArgumentException rangeTooLarge(
      Share share, CachedObject object, int blocks, int blockBytes) {
    return new IllegalArgumentException(
        "a range of %s needs %d blocks of %d bytes, the session's quota is %d; give it at least %d bytes"
            .formatted(
                object.stored().location(),
                blocks,
                blockBytes,
                share.quotaBlocks,
                (long) blocks * blockBytes));
  }
}
