package dev.penstock.formats;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * An immutable column of numbers, none negative, each in as many bytes as the largest needs: 0, 1,
 * 2, 4 or 8, little-endian. The bytes are also its form in a file.
 */
final class PackedLongs {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] bytes;
  private final int start;
  private final int width;
  private final int count;

  /** Over {@code count * width} bytes from {@code start}, which the caller leaves unchanged. */
  PackedLongs(byte[] bytes, int start, int width, int count) {
    this.bytes = bytes;
    this.start = start;
    this.width = width;
    this.count = count;
  }

  static PackedLongs of(long[] values, int count) {
    long all = 0;
    for (int i = 0; i < count; i++) {
      all |= values[i];
    }
    int width = widthOf(all);
    byte[] bytes = new byte[Math.multiplyExact(count, width)];
    for (int i = 0; i < count; i++) {
      int at = i * width;
      switch (width) {
        case 1 -> bytes[at] = (byte) values[i];
        case 2 -> SHORT.set(bytes, at, (short) values[i]);
        case 4 -> INT.set(bytes, at, (int) values[i]);
        case 8 -> LONG.set(bytes, at, values[i]);
        default -> {}
      }
    }
    return new PackedLongs(bytes, 0, width, count);
  }

  private static int widthOf(long all) {
    if (all == 0) {
      return 0;
    }
    int bits = 64 - Long.numberOfLeadingZeros(all);
    return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8;
  }

  long get(int index) {
    if (index < 0 || index >= count) {
      throw new IndexOutOfBoundsException(index + " of " + count);
    }
    int at = start + index * width;
    return switch (width) {
      case 0 -> 0;
      case 1 -> bytes[at] & 0xFF;
      case 2 -> (short) SHORT.get(bytes, at) & 0xFFFF;
      case 4 -> (int) INT.get(bytes, at) & 0xFFFFFFFFL;
      default -> (long) LONG.get(bytes, at);
    };
  }

  int count() {
    return count;
  }

  int width() {
    return width;
  }

  byte[] bytes() {
    return bytes;
  }

  int start() {
    return start;
  }

  /** Bytes of the column. */
  int byteCount() {
    return count * width;
  }
}
