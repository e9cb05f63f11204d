package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The descriptor of an LZ4 frame: flags, block size, optional content size and dictionary id,
 * header checksum ("LZ4 Frame Format Description" 1.6, "Frame Descriptor").
 *
 * @param linked whether blocks refer to those before them
 * @param blockChecksums whether each block has one
 * @param contentChecksum whether the frame ends with one
 * @param contentSize decoded bytes of the frame, -1 if it does not say
 * @param maxBlockBytes decoded bytes of a block, at most
 */
record Lz4Header(
    boolean linked,
    boolean blockChecksums,
    boolean contentChecksum,
    long contentSize,
    int maxBlockBytes) {
  /** Before the first frame. */
  static final Lz4Header NONE = new Lz4Header(false, false, false, -1, 0);

  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG_LE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int HAS_CONTENT_SIZE = 0x08;
  private static final int HAS_DICTIONARY = 0x01;

  /** Length of the descriptor that begins with {@code flags}. */
  static int bytes(byte flags) {
    return 3 + ((flags & HAS_CONTENT_SIZE) != 0 ? 8 : 0) + ((flags & HAS_DICTIONARY) != 0 ? 4 : 0);
  }

  /** Reads the descriptor in the first {@code length} bytes. */
  static Lz4Header parse(MemorySegment bytes, int length) throws CodecException {
    int flags = bytes.get(ValueLayout.JAVA_BYTE, 0) & 0xFF;
    int second = bytes.get(ValueLayout.JAVA_BYTE, 1) & 0xFF;
    if (flags >> 6 != 1) {
      throw new CodecException(Codec.LZ4, "unknown frame version " + (flags >> 6));
    }
    checkChecksum(bytes, length);
    if ((flags & HAS_DICTIONARY) != 0) {
      throw new CodecException(
          Codec.LZ4,
          "frame needs dictionary %08x; shards compressed with a dictionary are not supported"
              .formatted(bytes.get(INT_LE, length - 5)));
    }
    int sizeCode = (second >> 4) & 7;
    if (sizeCode < 4 || (flags & 0x02) != 0 || (second & 0x8F) != 0) {
      throw new CodecException(
          Codec.LZ4, "reserved bits in header: %02x %02x".formatted(flags, second));
    }
    return new Lz4Header(
        (flags & 0x20) == 0,
        (flags & 0x10) != 0,
        (flags & 0x04) != 0,
        (flags & HAS_CONTENT_SIZE) != 0 ? bytes.get(LONG_LE, 2) : -1,
        1 << (8 + 2 * sizeCode));
  }

  private static void checkChecksum(MemorySegment bytes, int length) throws CodecException {
    Xxh32 checksum = new Xxh32();
    checksum.update(bytes, 0, length - 1);
    int expected = (checksum.value() >>> 8) & 0xFF;
    int stored = bytes.get(ValueLayout.JAVA_BYTE, length - 1) & 0xFF;
    if (expected != stored) {
      throw new CodecException(
          Codec.LZ4, "header checksum is %02x, the header says %02x".formatted(expected, stored));
    }
  }
}
