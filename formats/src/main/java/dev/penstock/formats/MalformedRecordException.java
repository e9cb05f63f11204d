package dev.penstock.formats;

import java.io.IOException;

/**
 * The bytes of a shard are not what its format says. A verdict about data, a function of the bytes
 * alone; never used for I/O failures.
 */
public final class MalformedRecordException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String shard;
  private final long offset;
  private final String reason;

  /** {@code offset} is in decoded bytes from the start of the shard. */
  public MalformedRecordException(String shard, long offset, String reason) {
    super("%s at byte %d: %s".formatted(shard, offset, reason));
    this.shard = shard;
    this.offset = offset;
    this.reason = reason;
  }

  /** The shard's name. */
  public String shard() {
    return shard;
  }

  /** Where it was found, in decoded bytes from the start of the shard. */
  public long offset() {
    return offset;
  }

  /** What was found and what was expected. */
  public String reason() {
    return reason;
  }
}
