package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * What one block of a tar archive says of itself: whether it is a header at all, and in which
 * dialect. Field places: POSIX.1-2017, pax, "ustar Interchange Format".
 */
final class TarHeader {
  static final int BLOCK_BYTES = 512;
  static final int NAME_AT = 0;
  static final int NAME_BYTES = 100;

  private static final int CHECKSUM_AT = 148;
  private static final int CHECKSUM_BYTES = 8;
  private static final int MAGIC_AT = 257;

  private static final ValueLayout.OfLong LONG_LE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final long EVEN_BYTES = 0x00FF00FF00FF00FFL;

  private TarHeader() {}

  /** POSIX has "ustar" and a zero; GNU, which keeps times where the prefix would be, a space. */
  static boolean isPosix(MemorySegment head, long at) {
    return head.get(ValueLayout.JAVA_BYTE, at + MAGIC_AT) == 'u'
        && head.get(ValueLayout.JAVA_BYTE, at + MAGIC_AT + 4) == 'r'
        && head.get(ValueLayout.JAVA_BYTE, at + MAGIC_AT + 5) == 0;
  }

  static boolean endsWithSlash(MemorySegment head, long at) {
    int end = 0;
    while (end < NAME_BYTES && head.get(ValueLayout.JAVA_BYTE, at + NAME_AT + end) != 0) {
      end++;
    }
    return end > 0 && head.get(ValueLayout.JAVA_BYTE, at + NAME_AT + end - 1) == '/';
  }

  /** Whether the block could be a header: a fitting checksum, or all zero (an empty archive). */
  static boolean looksLikeHeader(MemorySegment head, long at) {
    return isZero(head, at) || checksumFits(head, at);
  }

  static boolean isZero(MemorySegment head, long at) {
    long any = 0;
    for (int i = 0; i < BLOCK_BYTES && any == 0; i += 8) {
      any = head.get(LONG_LE, at + i);
    }
    return any == 0;
  }

  /**
   * The sum of the header's bytes with its checksum field as spaces; bytes are unsigned, or signed
   * as some old writers had it.
   */
  static boolean checksumFits(MemorySegment head, long at) {
    long even = 0;
    long odd = 0;
    for (int i = 0; i < BLOCK_BYTES; i += 4 * Long.BYTES) {
      long first = head.get(LONG_LE, at + i);
      long second = head.get(LONG_LE, at + i + 8);
      long third = head.get(LONG_LE, at + i + 16);
      long fourth = head.get(LONG_LE, at + i + 24);
      even += (first & EVEN_BYTES) + (second & EVEN_BYTES);
      odd += (first >>> 8 & EVEN_BYTES) + (second >>> 8 & EVEN_BYTES);
      even += (third & EVEN_BYTES) + (fourth & EVEN_BYTES);
      odd += (third >>> 8 & EVEN_BYTES) + (fourth >>> 8 & EVEN_BYTES);
    }
    long lanes = even + odd;
    int sum =
        (int)
            ((lanes & 0xFFFF) + (lanes >>> 16 & 0xFFFF) + (lanes >>> 32 & 0xFFFF) + (lanes >>> 48));
    int stored = 0;
    int digits = 0;
    int own = 0;
    boolean ended = false;
    for (int i = 0; i < CHECKSUM_BYTES; i++) {
      int value = head.get(ValueLayout.JAVA_BYTE, at + CHECKSUM_AT + i) & 0xFF;
      own += value;
      if (!ended && value >= '0' && value <= '7') {
        stored = stored << 3 | (value - '0');
        digits++;
      } else if (value != ' ' || digits > 0) {
        ended = true;
      }
    }
    int unsigned = sum - own + CHECKSUM_BYTES * ' ';
    return digits > 0 && (stored == unsigned || stored == signedSum(head, at));
  }

  private static int signedSum(MemorySegment head, long at) {
    int sum = CHECKSUM_BYTES * ' ';
    for (int i = 0; i < BLOCK_BYTES; i++) {
      if (i < CHECKSUM_AT || i >= CHECKSUM_AT + CHECKSUM_BYTES) {
        sum += head.get(ValueLayout.JAVA_BYTE, at + i);
      }
    }
    return sum;
  }
}
