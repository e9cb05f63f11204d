package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Locale;

/** How a whole shard is compressed. Told by its first bytes, never by its name. */
public enum Codec {
  /** Stored bytes are decoded bytes. */
  NONE(0),
  /** RFC 1952; several members follow each other. */
  GZIP(1),
  /** RFC 8878; several frames, skippable ones among them. */
  ZSTD(2),
  /** The LZ4 frame format 1.6; several frames, skippable ones among them. */
  LZ4(3);

  /**
   * How many first bytes {@link #detect} wants to see: a skippable frame of pzstd and the magic
   * number behind it.
   */
  public static final int MAGIC_BYTES = 32;

  /** The largest zstd window that is decoded, as a power of two: what zstd itself allows. */
  public static final int MAX_ZSTD_WINDOW_LOG = 27;

  static final int ZSTD_MAGIC = 0xFD2FB528;
  static final int LZ4_MAGIC = 0x184D2204;
  static final int SKIPPABLE_MAGIC = 0x184D2A50;
  static final int SKIPPABLE_MASK = 0xFFFFFFF0;

  /** The number that stands for it in an index file. */
  final int code;

  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  Codec(int code) {
    this.code = code;
  }

  /**
   * The codec of a shard that starts with {@code length} bytes at {@code offset} of {@code head};
   * {@link #NONE} when no magic number fits. Skippable frames, which zstd and lz4 share, are looked
   * past as far as the bytes reach, then taken for zstd's.
   */
  public static Codec detect(MemorySegment head, long offset, int length) {
    if (length >= 3
        && head.get(ValueLayout.JAVA_BYTE, offset) == 0x1F
        && head.get(ValueLayout.JAVA_BYTE, offset + 1) == (byte) 0x8B
        && head.get(ValueLayout.JAVA_BYTE, offset + 2) == 8) {
      return GZIP;
    }
    long at = 0;
    while (at + 4 <= length) {
      int magic = head.get(INT_LE, offset + at);
      if (magic == ZSTD_MAGIC) {
        return ZSTD;
      }
      if (magic == LZ4_MAGIC) {
        return LZ4;
      }
      if ((magic & SKIPPABLE_MASK) != SKIPPABLE_MAGIC) {
        return at == 0 ? NONE : ZSTD;
      }
      if (at + 8 > length) {
        return ZSTD;
      }
      at += 8 + (head.get(INT_LE, offset + at + 4) & 0xFFFFFFFFL);
    }
    return at == 0 ? NONE : ZSTD;
  }

  /** A new decoder, which the caller owns and closes. {@link #NONE} has none and throws. */
  public FrameDecoder decoder() {
    return switch (this) {
      case NONE -> throw new IllegalStateException("plain shards need no decoder");
      case GZIP -> new GzipDecoder();
      case ZSTD -> new ZstdDecoder();
      case LZ4 -> new Lz4Decoder();
    };
  }

  /** The most native bytes that one decoder can come to hold. */
  public long maxDecoderBytes() {
    return switch (this) {
      case NONE -> 0;
      case GZIP -> GzipDecoder.NATIVE_BYTES;
      case ZSTD -> ZstdDecoder.nativeBytes(1L << MAX_ZSTD_WINDOW_LOG);
      case LZ4 -> Lz4Decoder.nativeBytes(Lz4Decoder.MAX_BLOCK_BYTES);
    };
  }

  /** Whose code decodes: {@code zlib}, {@code zstd-jni}, lz4's {@code JNI} or {@code Java}. */
  public String implementation() {
    return switch (this) {
      case NONE -> "none";
      case GZIP -> "zlib (JDK)";
      case ZSTD -> "zstd-jni";
      case LZ4 -> "lz4-java, " + Lz4Library.IMPLEMENTATION;
    };
  }

  /** The name in messages: {@code none}, {@code gzip}, {@code zstd}, {@code lz4}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
