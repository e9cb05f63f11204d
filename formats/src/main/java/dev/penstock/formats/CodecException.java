package dev.penstock.formats;

import java.io.IOException;

/**
 * Stored bytes do not decode. Says what was found and which limit applied; whoever feeds the
 * decoder knows the shard and the offset and adds them (see {@link #at}).
 */
public final class CodecException extends IOException {
  private static final long serialVersionUID = 1L;

  private final Codec codec;
  private final String reason;

  CodecException(Codec codec, String reason) {
    super(codec.label() + ": " + reason);
    this.codec = codec;
    this.reason = reason;
  }

  /** Which decoder refused. */
  public Codec codec() {
    return codec;
  }

  /** What was found and what was expected. */
  public String reason() {
    return reason;
  }

  /** The same verdict with its place: {@code decodedOffset} is where decoded bytes ended. */
  public MalformedRecordException at(String shard, long storedOffset, long decodedOffset) {
    MalformedRecordException placed =
        new MalformedRecordException(
            shard, decodedOffset, "%s (at stored byte %d)".formatted(getMessage(), storedOffset));
    placed.initCause(this);
    return placed;
  }
}
