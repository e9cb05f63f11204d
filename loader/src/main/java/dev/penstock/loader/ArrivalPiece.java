package dev.penstock.loader;

import dev.penstock.formats.ByteRun;
import dev.penstock.formats.ByteSource.ByteLease;
import java.io.EOFException;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A leased stretch of a shard that the reading thread and rows of batches share: it is given back
 * when nobody uses it any more. {@link #keep} and {@link #letGo} are the reading thread's, the rest
 * is thread-safe.
 */
final class ArrivalPiece {
  private final ArrivalMemory memory;
  private final ByteLease lease;
  private final long pinnedBytes;
  private final ByteRun run = new ByteRun();
  private final AtomicInteger users = new AtomicInteger(1);

  /** Where it starts in the shard, in decoded bytes. */
  final long start;

  /** Where it ends, as asked for; the shard may end before. */
  final long end;

  private int kept = 1;
  private volatile boolean awaited;

  /** Takes the lease over; the reading thread keeps it. */
  ArrivalPiece(ArrivalMemory memory, ByteLease lease, long start, long end, long pinnedBytes) {
    this.memory = memory;
    this.lease = lease;
    this.start = start;
    this.end = end;
    this.pinnedBytes = pinnedBytes;
    memory.taken(pinnedBytes);
  }

  /** The reading thread needs it once more, until it has let go as often. */
  void keep() {
    kept++;
  }

  /** The reading thread needs it once less. */
  void letGo() {
    if (--kept == 0) {
      memory.letGo(pinnedBytes);
      release();
    }
  }

  /** A row needs it; only while it is used. */
  void retain() {
    users.incrementAndGet();
  }

  /** A row does not need it any more. */
  void release() {
    if (users.decrementAndGet() == 0) {
      lease.close();
      memory.closed(pinnedBytes);
    }
  }

  boolean isReady() {
    return awaited || lease.isReady();
  }

  /** Waits for the bytes; returns how many there are: fewer than asked for where the shard ends. */
  long await() throws IOException, InterruptedException {
    if (!awaited) {
      awaitOnce();
    }
    return run.length();
  }

  private synchronized void awaitOnce() throws IOException, InterruptedException {
    if (!awaited) {
      run.clear();
      lease.awaitAvailable(run);
      awaited = true;
    }
  }

  /** Adds the part of {@code [from, to)}, places in the shard, that lies here; it was awaited. */
  void appendTo(ByteRun out, long from, long to) throws EOFException {
    long first = Math.max(from, start) - start;
    long last = Math.min(to, end) - start;
    if (last > run.length()) {
      throw new EOFException("the shard ends at %d, not at %d".formatted(start + run.length(), to));
    }
    for (int i = 0; i < run.pieceCount() && run.pieceStart(i) < last; i++) {
      long begin = Math.max(first, run.pieceStart(i));
      long length = Math.min(last, run.pieceEnd(i)) - begin;
      if (length > 0) {
        out.append(run.pieceSlab(i), run.pieceOffset(i) + begin - run.pieceStart(i), length);
      }
    }
  }

  /** Copies bytes from a place in the shard on, as far as they lie here; it was awaited. */
  int copyTo(long from, java.lang.foreign.MemorySegment target, long targetOffset, int length) {
    int part = (int) Math.clamp(start + run.length() - from, 0L, (long) length);
    if (part > 0) {
      run.copyTo(from - start, target, targetOffset, part);
    }
    return part;
  }

  /** One row's right to its bytes, which lie in one piece or in several. */
  static final class Row implements ByteLease {
    private final ArrivalPiece[] pieces;
    private final long offset;
    private final long end;
    private boolean closed;

    /** Retains the pieces. */
    Row(ArrivalPiece[] pieces, long offset, long length) {
      this.pieces = pieces;
      this.offset = offset;
      this.end = offset + length;
      for (ArrivalPiece piece : pieces) {
        piece.retain();
      }
    }

    @Override
    public boolean isReady() {
      for (ArrivalPiece piece : pieces) {
        if (!piece.isReady()) {
          return false;
        }
      }
      return true;
    }

    @Override
    public void await(ByteRun out) throws IOException, InterruptedException {
      for (ArrivalPiece piece : pieces) {
        piece.await();
        piece.appendTo(out, offset, end);
      }
    }

    @Override
    public void close() {
      if (closed) {
        throw new IllegalStateException("a row's lease was closed twice");
      }
      closed = true;
      for (ArrivalPiece piece : pieces) {
        piece.release();
      }
    }
  }
}
