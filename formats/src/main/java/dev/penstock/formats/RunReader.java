package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Reads single bytes and varints of a run, remembering the piece it is in. Not thread-safe. */
final class RunReader {
  private ByteRun run = new ByteRun();
  private MemorySegment slab = MemorySegment.NULL;
  private long start;
  private long end;
  private long shift;

  /** Where {@link #varint} ended: behind its last byte, or -1 if it was malformed. */
  long next;

  void enter(ByteRun entered) {
    run = entered;
    start = 0;
    end = 0;
  }

  byte at(long position) {
    if (position < start || position >= end) {
      seek(position);
    }
    return slab.get(ValueLayout.JAVA_BYTE, position + shift);
  }

  private void seek(long position) {
    int piece = 0;
    while (run.pieceEnd(piece) <= position) {
      piece++;
    }
    slab = run.pieceSlab(piece);
    start = run.pieceStart(piece);
    end = run.pieceEnd(piece);
    shift = run.pieceOffset(piece) - start;
  }

  /**
   * The base-128 number at {@code position}, which ends before {@code limit}; see {@link #next}.
   */
  long varint(long position, long limit) {
    long value = 0;
    long at = position;
    for (int bits = 0; bits < 70; bits += 7) {
      if (at >= limit) {
        break;
      }
      byte part = at(at++);
      value |= (long) (part & 0x7F) << bits;
      if (part >= 0) {
        next = at;
        return value;
      }
    }
    next = -1;
    return 0;
  }
}
