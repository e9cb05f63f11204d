package dev.penstock.cache;

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
}
