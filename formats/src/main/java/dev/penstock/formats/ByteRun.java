package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A run of bytes in one or more pieces of native memory: the leased range of a shard, as parsers
 * and the gather see it. Reused: {@link #clear} and {@link #append} allocate nothing once warm. It
 * owns no memory. Not thread-safe.
 */
public final class ByteRun {
  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG_LE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private MemorySegment[] slabs = new MemorySegment[4];
  private long[] slabOffsets = new long[4];
  private long[] ends = new long[4];
  private int count;

  /** Forgets all pieces. */
  public void clear() {
    Arrays.fill(slabs, 0, count, null);
    count = 0;
  }

  /** Adds {@code length} bytes of {@code slab} at {@code slabOffset} to the end. */
  public void append(MemorySegment slab, long slabOffset, long length) {
    if (count == slabs.length) {
      slabs = Arrays.copyOf(slabs, count * 2);
      slabOffsets = Arrays.copyOf(slabOffsets, count * 2);
      ends = Arrays.copyOf(ends, count * 2);
    }
    slabs[count] = slab;
    slabOffsets[count] = slabOffset;
    ends[count] = length() + length;
    count++;
  }

  /** Length in bytes. */
  public long length() {
    return count == 0 ? 0 : ends[count - 1];
  }

  /** Number of pieces. */
  public int pieceCount() {
    return count;
  }

  /** The memory that piece {@code piece} lies in. */
  public MemorySegment pieceSlab(int piece) {
    return slabs[piece];
  }

  /** Where the piece starts in its slab. */
  public long pieceOffset(int piece) {
    return slabOffsets[piece];
  }

  /** Position of the piece's first byte in the run. */
  public long pieceStart(int piece) {
    return piece == 0 ? 0 : ends[piece - 1];
  }

  /** Position behind the piece's last byte in the run. */
  public long pieceEnd(int piece) {
    return ends[piece];
  }

  /** The byte at {@code position}. */
  public byte byteAt(long position) {
    int piece = pieceOf(position);
    return slabs[piece].get(ValueLayout.JAVA_BYTE, slabPosition(piece, position));
  }

  /** Four bytes at {@code position}, little-endian. */
  public int intAt(long position) {
    int piece = pieceOf(position);
    if (position + 4 <= ends[piece]) {
      return slabs[piece].get(INT_LE, slabPosition(piece, position));
    }
    return (int) assemble(position, 4);
  }

  /** Eight bytes at {@code position}, little-endian. */
  public long longAt(long position) {
    int piece = pieceOf(position);
    if (position + 8 <= ends[piece]) {
      return slabs[piece].get(LONG_LE, slabPosition(piece, position));
    }
    return assemble(position, 8);
  }

  /** Copies {@code length} bytes at {@code position} into {@code target}. */
  public void copyTo(long position, MemorySegment target, long targetOffset, long length) {
    long from = position;
    long to = targetOffset;
    long left = length;
    while (left > 0) {
      int piece = pieceOf(from);
      long part = Math.min(left, ends[piece] - from);
      MemorySegment.copy(slabs[piece], slabPosition(piece, from), target, to, part);
      from += part;
      to += part;
      left -= part;
    }
  }

  /**
   * The bytes as one segment: a slice when they lie in one piece, else a copy in {@code scratch}
   * (which must be large enough). Valid as long as the pieces and the scratch are.
   */
  public MemorySegment view(long position, long length, MemorySegment scratch) {
    if (length == 0) {
      return scratch.asSlice(0, 0);
    }
    int piece = pieceOf(position);
    if (position + length <= ends[piece]) {
      return slabs[piece].asSlice(slabPosition(piece, position), length);
    }
    copyTo(position, scratch, 0, length);
    return scratch.asSlice(0, length);
  }

  private int pieceOf(long position) {
    if (position < 0 || position >= length()) {
      throw new IndexOutOfBoundsException(position + " of " + length());
    }
    int piece = 0;
    while (ends[piece] <= position) {
      piece++;
    }
    return piece;
  }

  private long slabPosition(int piece, long position) {
    long start = piece == 0 ? 0 : ends[piece - 1];
    return slabOffsets[piece] + position - start;
  }

  private long assemble(long position, int bytes) {
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = (value << 8) | (byteAt(position + i) & 0xFF);
    }
    return value;
  }
}
