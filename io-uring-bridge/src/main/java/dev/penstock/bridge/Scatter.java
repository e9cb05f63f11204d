package dev.penstock.bridge;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Objects;

/**
 * Places in native memory that consecutive bytes of a file go to: the vector of a {@code preadv}
 * ({@code struct iovec} of {@code bits/types/struct_iovec.h}). Reused: once warm it allocates
 * nothing. It owns only its vector. Not thread-safe.
 */
public final class Scatter {
  /** Pieces that one {@code preadv} takes: {@code UIO_MAXIOV} of {@code linux/uio.h}. */
  public static final int PIECES_MAX = 1024;

  private static final long ENTRY_BYTES = 16;

  private MemorySegment[] slabs = new MemorySegment[8];
  private long[] offsets = new long[8];
  private long[] lengths = new long[8];
  private MemorySegment vector = allocate(8);
  private int count;
  private long length;

  private static MemorySegment allocate(int pieces) {
    return Arena.ofAuto().allocate(ENTRY_BYTES * pieces, ENTRY_BYTES);
  }

  /** Forgets all pieces. */
  public void clear() {
    Arrays.fill(slabs, 0, count, null);
    count = 0;
    length = 0;
  }

  /**
   * Adds the place for the next {@code pieceLength} bytes, in native memory.
   *
   * @throws IllegalStateException if there are {@link #PIECES_MAX} already
   */
  public void add(MemorySegment slab, long slabOffset, long pieceLength) {
    Objects.checkFromIndexSize(slabOffset, pieceLength, slab.byteSize());
    if (count == PIECES_MAX) {
      throw new IllegalStateException("a scatter has at most " + PIECES_MAX + " pieces");
    }
    if (count == slabs.length) {
      grow();
    }
    slabs[count] = slab;
    offsets[count] = slabOffset;
    lengths[count] = pieceLength;
    vector.set(ValueLayout.JAVA_LONG, ENTRY_BYTES * count, slab.address() + slabOffset);
    vector.set(ValueLayout.JAVA_LONG, ENTRY_BYTES * count + 8, pieceLength);
    count++;
    length += pieceLength;
  }

  private void grow() {
    slabs = Arrays.copyOf(slabs, count * 2);
    offsets = Arrays.copyOf(offsets, count * 2);
    lengths = Arrays.copyOf(lengths, count * 2);
    MemorySegment larger = allocate(count * 2);
    MemorySegment.copy(vector, 0, larger, 0, ENTRY_BYTES * count);
    vector = larger;
  }

  /** Number of pieces. */
  public int count() {
    return count;
  }

  /** Sum of the pieces' lengths in bytes. */
  public long length() {
    return length;
  }

  /** The memory of a piece. */
  public MemorySegment slab(int piece) {
    return slabs[piece];
  }

  /** Where in its memory a piece starts. */
  public long slabOffset(int piece) {
    return offsets[piece];
  }

  /** Length of a piece in bytes. */
  public long pieceLength(int piece) {
    return lengths[piece];
  }

  /** The address at which a piece starts. */
  long address(int piece) {
    return slabs[piece].address() + offsets[piece];
  }

  MemorySegment vector() {
    return vector;
  }
}
