package dev.penstock.cache;

import dev.penstock.bridge.BudgetExceededException;
import java.io.IOException;

/** A decoder's window does not fit the byte budget beside what else is in use. */
final class DecoderMemoryException extends IOException {
  private static final long serialVersionUID = 1L;

  private final long decoderBytes;

  /** The decoder that takes {@code decoderBytes} in all was freed. */
  DecoderMemoryException(String shard, long decoderBytes, BudgetExceededException cause) {
    super(
        "%s: its decompression window does not fit: %s; give more memory"
            .formatted(shard, cause.getMessage()),
        cause);
    this.decoderBytes = decoderBytes;
  }

  /** What the decoder takes in all. */
  long decoderBytes() {
    return decoderBytes;
  }
}
