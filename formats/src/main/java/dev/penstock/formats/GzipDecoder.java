package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Gzip, RFC 1952: the JDK's inflater with our own header and trailer, so that members follow each
 * other, every optional header field passes, and CRC-32 and length are checked. Zero bytes after a
 * member are padding, as gzip itself has it.
 */
final class GzipDecoder implements FrameDecoder {
  /** zlib's inflate state (about 7 KiB) and window (32 KiB), rounded up. */
  static final long NATIVE_BYTES = 48 << 10;

  /** Bound on name, comment and extra field of one member: no honest writer comes near it. */
  private static final int MAX_HEADER_BYTES = 1 << 20;

  private static final int FLAG_HEADER_CRC = 2;
  private static final int FLAG_EXTRA = 4;
  private static final int FLAG_NAME = 8;
  private static final int FLAG_COMMENT = 16;
  private static final int RESERVED_FLAGS = 0xE0;
  private static final int DEFLATE = 8;

  private enum Stage {
    FIXED,
    EXTRA_LENGTH,
    EXTRA,
    NAME,
    COMMENT,
    HEADER_CRC,
    BODY,
    TRAILER
  }

  private final Inflater inflater = new Inflater(true);
  private final CRC32 headerCrc = new CRC32();
  private final CRC32 bodyCrc = new CRC32();
  private final DirectViews sources = new DirectViews();
  private final DirectViews targets = new DirectViews();

  private Stage stage = Stage.FIXED;
  private int stageBytes;
  private long value;
  private int flags;
  private int extraLeft;
  private int headerBytes;
  private long bodyBytes;
  private boolean anyMember;
  private int consumed;
  private int produced;
  private boolean closed;

  @Override
  public void decode(
      MemorySegment src,
      long srcOffset,
      int srcLength,
      MemorySegment dst,
      long dstOffset,
      int dstLength)
      throws CodecException {
    consumed = 0;
    produced = 0;
    while (true) {
      if (stage == Stage.BODY) {
        if (!inflate(src, srcOffset, srcLength, dst, dstOffset, dstLength)) {
          return;
        }
      } else {
        if (consumed == srcLength) {
          return;
        }
        int next = src.get(ValueLayout.JAVA_BYTE, srcOffset + consumed) & 0xFF;
        consumed++;
        if (stage == Stage.TRAILER) {
          if (trailer(next)) {
            return;
          }
        } else {
          header(next);
        }
      }
    }
  }

  /** Whether the deflate stream ended, so that the trailer comes next. */
  private boolean inflate(
      MemorySegment src,
      long srcOffset,
      int srcLength,
      MemorySegment dst,
      long dstOffset,
      int dstLength)
      throws CodecException {
    ByteBuffer from = sources.of(src, srcOffset + consumed, srcLength - consumed);
    int start = from.position();
    inflater.setInput(from);
    while (true) {
      ByteBuffer to = targets.of(dst, dstOffset + produced, dstLength - produced);
      int made;
      try {
        made = inflater.inflate(to);
      } catch (DataFormatException malformed) {
        throw new CodecException(Codec.GZIP, "corrupt deflate data: " + malformed.getMessage());
      }
      bodyCrc.update(targets.of(dst, dstOffset + produced, made));
      bodyBytes += made;
      produced += made;
      if (inflater.finished()) {
        consumed += from.position() - start;
        enter(Stage.TRAILER);
        return true;
      }
      if (inflater.needsDictionary()) {
        throw new CodecException(Codec.GZIP, "deflate data asks for a preset dictionary");
      }
      if (made == 0 || produced == dstLength) {
        consumed += from.position() - start;
        return false;
      }
    }
  }

  private void header(int next) throws CodecException {
    if (stage == Stage.FIXED) {
      fixed(next);
      return;
    }
    if (++headerBytes > MAX_HEADER_BYTES) {
      throw new CodecException(
          Codec.GZIP, "member header is longer than the limit of " + MAX_HEADER_BYTES + " bytes");
    }
    if (stage == Stage.HEADER_CRC) {
      value |= (long) next << (8 * stageBytes);
      if (++stageBytes == 2) {
        if (value != (headerCrc.getValue() & 0xFFFF)) {
          throw new CodecException(Codec.GZIP, "checksum of the member header is wrong");
        }
        enter(Stage.BODY);
      }
      return;
    }
    headerCrc.update(next);
    switch (stage) {
      case EXTRA_LENGTH -> {
        extraLeft |= next << (8 * stageBytes);
        if (++stageBytes == 2) {
          if (extraLeft > 0) {
            enter(Stage.EXTRA);
          } else {
            afterExtra();
          }
        }
      }
      case EXTRA -> {
        if (--extraLeft == 0) {
          afterExtra();
        }
      }
      case NAME -> {
        if (next == 0) {
          afterName();
        }
      }
      case COMMENT -> {
        if (next == 0) {
          afterComment();
        }
      }
      case FIXED, HEADER_CRC, BODY, TRAILER -> throw new IllegalStateException(stage.name());
    }
  }

  /** The ten bytes every member starts with. */
  private void fixed(int next) throws CodecException {
    if (stageBytes == 0 && next == 0) {
      return;
    }
    if ((stageBytes == 0 && next != 0x1F) || (stageBytes == 1 && next != 0x8B)) {
      throw new CodecException(
          Codec.GZIP,
          anyMember
              ? "bytes after a member are neither a member nor zero padding"
              : "no gzip magic number at the start");
    }
    if (stageBytes == 2 && next != DEFLATE) {
      throw new CodecException(Codec.GZIP, "unknown compression method " + next);
    }
    if (stageBytes == 3) {
      if ((next & RESERVED_FLAGS) != 0) {
        throw new CodecException(Codec.GZIP, "reserved header flags are set: " + next);
      }
      flags = next;
    }
    headerCrc.update(next);
    if (++stageBytes == 10) {
      if ((flags & FLAG_EXTRA) != 0) {
        enter(Stage.EXTRA_LENGTH);
      } else {
        afterExtra();
      }
    }
  }

  private void afterExtra() {
    if ((flags & FLAG_NAME) != 0) {
      enter(Stage.NAME);
    } else {
      afterName();
    }
  }

  private void afterName() {
    if ((flags & FLAG_COMMENT) != 0) {
      enter(Stage.COMMENT);
    } else {
      afterComment();
    }
  }

  private void afterComment() {
    enter((flags & FLAG_HEADER_CRC) != 0 ? Stage.HEADER_CRC : Stage.BODY);
  }

  private void enter(Stage entered) {
    stage = entered;
    stageBytes = 0;
    value = 0;
  }

  /** CRC-32, then the length modulo 2^32. Whether the member is complete. */
  private boolean trailer(int next) throws CodecException {
    value |= (long) next << (8 * (stageBytes & 3));
    stageBytes++;
    if (stageBytes == 4) {
      if (value != bodyCrc.getValue()) {
        throw new CodecException(
            Codec.GZIP,
            "CRC-32 of a member is %08x, its trailer says %08x"
                .formatted(bodyCrc.getValue(), value));
      }
      value = 0;
    }
    if (stageBytes < 8) {
      return false;
    }
    if (value != (bodyBytes & 0xFFFFFFFFL)) {
      throw new CodecException(
          Codec.GZIP,
          "a member has %d bytes, its trailer says %d (modulo 2^32)".formatted(bodyBytes, value));
    }
    startMember();
    anyMember = true;
    return true;
  }

  private void startMember() {
    enter(Stage.FIXED);
    inflater.reset();
    headerCrc.reset();
    bodyCrc.reset();
    flags = 0;
    extraLeft = 0;
    headerBytes = 0;
    bodyBytes = 0;
  }

  @Override
  public int consumed() {
    return consumed;
  }

  @Override
  public int produced() {
    return produced;
  }

  @Override
  public boolean atFrameEnd() {
    return stage == Stage.FIXED && stageBytes == 0;
  }

  @Override
  public long nativeBytes() {
    return closed ? 0 : NATIVE_BYTES;
  }

  @Override
  public void reset() {
    startMember();
    anyMember = false;
  }

  @Override
  public void close() {
    closed = true;
    inflater.end();
    sources.clear();
    targets.clear();
  }
}
