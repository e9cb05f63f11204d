package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * XXH32 over native memory, fed in parts of any size; the binding's own streaming form takes arrays
 * only. Algorithm: xxHash specification 0.1.1, seed 0.
 */
final class Xxh32 {
  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int PRIME_1 = 0x9E3779B1;
  private static final int PRIME_2 = 0x85EBCA77;
  private static final int PRIME_3 = 0xC2B2AE3D;
  private static final int PRIME_4 = 0x27D4EB2F;
  private static final int PRIME_5 = 0x165667B1;
  private static final int PRIME_1_PLUS_2 = 0x24234428;
  private static final int STRIPE_BYTES = 16;

  private final byte[] partial = new byte[STRIPE_BYTES];
  private final MemorySegment partialSegment = MemorySegment.ofArray(partial);
  private int partialBytes;
  private long totalBytes;
  private int lane1;
  private int lane2;
  private int lane3;
  private int lane4;

  Xxh32() {
    reset();
  }

  void reset() {
    partialBytes = 0;
    totalBytes = 0;
    lane1 = PRIME_1_PLUS_2;
    lane2 = PRIME_2;
    lane3 = 0;
    lane4 = -PRIME_1;
  }

  void update(MemorySegment segment, long offset, long length) {
    long at = offset;
    long end = offset + length;
    totalBytes += length;
    if (partialBytes > 0) {
      int part = (int) Math.min(STRIPE_BYTES - partialBytes, end - at);
      MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, at, partial, partialBytes, part);
      partialBytes += part;
      at += part;
      if (partialBytes < STRIPE_BYTES) {
        return;
      }
      stripes(partialSegment, 0, STRIPE_BYTES);
      partialBytes = 0;
    }
    long whole = (end - at) & -STRIPE_BYTES;
    stripes(segment, at, at + whole);
    at += whole;
    partialBytes = (int) (end - at);
    MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, at, partial, 0, partialBytes);
  }

  private void stripes(MemorySegment segment, long from, long to) {
    int a = lane1;
    int b = lane2;
    int c = lane3;
    int d = lane4;
    for (long at = from; at < to; at += STRIPE_BYTES) {
      a = round(a, segment.get(INT_LE, at));
      b = round(b, segment.get(INT_LE, at + 4));
      c = round(c, segment.get(INT_LE, at + 8));
      d = round(d, segment.get(INT_LE, at + 12));
    }
    lane1 = a;
    lane2 = b;
    lane3 = c;
    lane4 = d;
  }

  private static int round(int lane, int input) {
    return Integer.rotateLeft(lane + input * PRIME_2, 13) * PRIME_1;
  }

  int value() {
    int hash =
        totalBytes >= STRIPE_BYTES
            ? Integer.rotateLeft(lane1, 1)
                + Integer.rotateLeft(lane2, 7)
                + Integer.rotateLeft(lane3, 12)
                + Integer.rotateLeft(lane4, 18)
            : PRIME_5;
    hash += (int) totalBytes;
    int at = 0;
    for (; at + 4 <= partialBytes; at += 4) {
      hash += partialSegment.get(INT_LE, at) * PRIME_3;
      hash = Integer.rotateLeft(hash, 17) * PRIME_4;
    }
    for (; at < partialBytes; at++) {
      hash += (partial[at] & 0xFF) * PRIME_5;
      hash = Integer.rotateLeft(hash, 11) * PRIME_1;
    }
    hash ^= hash >>> 15;
    hash *= PRIME_2;
    hash ^= hash >>> 13;
    hash *= PRIME_3;
    hash ^= hash >>> 16;
    return hash;
  }
}
