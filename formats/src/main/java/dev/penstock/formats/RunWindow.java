package dev.penstock.formats;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A window over a leased run: the slab itself where the bytes lie in one piece, else a copy in a
 * scratch that grows to what headers may have (1 MiB) and stays.
 */
final class RunWindow extends Window {
  private ByteRun run = new ByteRun();
  private int piece;
  private MemorySegment scratch = MemorySegment.NULL;

  /** Looks at {@code entered} from now on. */
  void enter(ByteRun entered) {
    run = entered;
    piece = 0;
  }

  @Override
  int load(long position, int length) {
    long left = run.length() - position;
    if (left <= 0) {
      return 0;
    }
    if (piece >= run.pieceCount() || position < run.pieceStart(piece)) {
      piece = 0;
    }
    while (position >= run.pieceEnd(piece)) {
      piece++;
    }
    int got = (int) Math.min(left, length);
    if (position + got <= run.pieceEnd(piece)) {
      segment = run.pieceSlab(piece);
      base = run.pieceOffset(piece) + position - run.pieceStart(piece);
      return got;
    }
    if (scratch.byteSize() < got) {
      scratch = Arena.ofAuto().allocate(Math.max(got, 4096), 64);
    }
    run.copyTo(position, scratch, 0, got);
    segment = scratch;
    base = 0;
    return got;
  }
}
