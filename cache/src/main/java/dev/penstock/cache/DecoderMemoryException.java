package dev.penstock.cache;

import dev.penstock.bridge.BudgetExceededException;
import java.io.IOException;

/** A decoder's window does not fit the byte budget beside what else is in use. */
final class DecoderMemoryException extends IOException {
  private static final long serialVersionUID = 1L;

  DecoderMemoryException(String shard, BudgetExceededException cause) {
    super(
        "%s: its decompression window does not fit: %s; give more memory"
            .formatted(shard, cause.getMessage()),
        cause);
  }
}
