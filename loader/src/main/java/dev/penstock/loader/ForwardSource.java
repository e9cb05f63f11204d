package dev.penstock.loader;

import dev.penstock.cache.CacheSession;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.FrameTable;
import dev.penstock.formats.MalformedRecordException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One shard read forward, in pieces of whole cache blocks that stay while they are needed: the scan
 * that looks for samples and the rows that are made of them read the same memory. Nothing of the
 * shard needs to be known beforehand, not even where it ends. For the reading thread; rows' leases
 * are gathered and closed by any.
 *
 * <p>Where compressed bytes do not decode, what lies before is decoded again and kept, as in a
 * shard whose index says where it breaks.
 */
final class ForwardSource implements ByteSource {
  /** Large enough that a store far away is asked for much at a time. */
  private static final long PIECE_BYTES_MAX = 4 << 20;

  /**
   * A block that others asked for before anybody knew where bytes cease to decode fails too; each
   * of them can be met once.
   */
  private static final int REOPENED_MAX = 64;

  private final CacheSession cache;
  private final int shard;
  private final StoredObject object;
  private final ArrivalMemory memory;
  private final long blockBytes;
  private final Runnable makeRoom;
  private final List<ArrivalPiece> pieces = new ArrayList<>();
  private ByteSource source;

  /** Where the last piece that was asked for ends. */
  private long asked;

  private @Nullable MalformedRecordException failure;
  private int reopened;
  private boolean closed;

  /**
   * Opens a shard.
   *
   * @param shard its number in the list, for next use
   * @param makeRoom makes others give up what they have read ahead
   */
  ForwardSource(
      CacheSession cache,
      int shard,
      StoredObject object,
      ArrivalMemory memory,
      long blockBytes,
      Runnable makeRoom)
      throws IOException {
    this.cache = cache;
    this.shard = shard;
    this.object = object;
    this.memory = memory;
    this.blockBytes = blockBytes;
    this.makeRoom = makeRoom;
    this.source = cache.open(shard, object, null, -1);
  }

  @Override
  public String name() {
    return object.name();
  }

  /** Unknown where bytes do not decode: whoever looks for the end finds the failure. */
  @Override
  public long lengthBytes() {
    return failure == null && !source.endsEarly() ? source.lengthBytes() : -1;
  }

  /** Starts at this byte instead of the first; changes nothing once something was asked for. */
  void startAt(long offset) {
    if (pieces.isEmpty()) {
      asked = offset / blockBytes * blockBytes;
    }
  }

  /** Asks for what lies before {@code to}, as far as memory allows without waiting for it. */
  void ahead(long to) throws IOException, InterruptedException {
    while (asked < to && !isAllAsked()) {
      long end = pieceEnd(to);
      if (!memory.hasRoomAhead(pinned(end))) {
        return;
      }
      ask(end);
    }
  }

  /** Whether everything up to the shard's end has been asked for; false while that is unknown. */
  boolean isAllAsked() {
    long length = source.lengthBytes();
    return length >= 0 && asked >= length;
  }

  private long pieceEnd(long to) {
    long end = Math.min(to, asked + PIECE_BYTES_MAX);
    end = Math.max(asked + blockBytes, Math.ceilDiv(end, blockBytes) * blockBytes);
    long length = source.lengthBytes();
    return length >= 0 ? Math.min(end, length) : end;
  }

  private long pinned(long end) {
    return Math.ceilDiv(end - asked, blockBytes) * blockBytes;
  }

  private void ask(long wanted) throws IOException, InterruptedException {
    long end = wanted;
    ByteLease lease = null;
    while (lease == null) {
      try {
        lease = source.request(asked, end - asked);
      } catch (EOFException e) {
        long length = source.lengthBytes(); // which has turned out meanwhile
        if (length < 0 || length >= end) {
          throw e;
        }
        if (length <= asked) {
          return;
        }
        end = length;
      }
    }
    pieces.add(new ArrivalPiece(memory, lease, asked, end, pinned(end)));
    asked = end;
  }

  /** Asks for what lies before {@code to}, waiting for batches under way where memory is short. */
  void need(long to) throws IOException, InterruptedException {
    while (asked < to && !isAllAsked()) {
      long end = pieceEnd(to);
      if (!memory.fits(pinned(end))) {
        return;
      }
      ask(end);
    }
  }

  /** Asks for the next piece because it is needed now: waits for room. */
  private void askNow(long to) throws IOException, InterruptedException {
    long end = pieceEnd(Math.min(to, asked + blockBytes));
    if (!memory.fits(pinned(end))) {
      makeRoom.run();
    }
    if (!memory.fits(pinned(end))) {
      throw MemoryTooSmallException.forArrival(name(), end, memory.quotaBytes());
    }
    ask(end);
  }

  /** Gives up what was asked for beyond a place and nobody has looked at. */
  void giveUpAhead(long from) {
    while (!pieces.isEmpty() && pieces.getLast().start >= from) {
      asked = pieces.getLast().start;
      pieces.removeLast().letGo();
    }
  }

  /** Lets go of what lies before a place. */
  void passed(long offset) {
    int done = 0;
    while (done < pieces.size() && pieces.get(done).end <= offset) {
      pieces.get(done++).letGo();
    }
    pieces.subList(0, done).clear();
  }

  @Override
  public int readAt(long offset, MemorySegment target, long targetOffset, int length)
      throws IOException {
    try {
      int done = 0;
      while (done < length) {
        ArrivalPiece piece = pieceAt(offset + done);
        int part =
            piece == null
                ? 0
                : piece.copyTo(offset + done, target, targetOffset + done, length - done);
        if (part == 0) {
          break;
        }
        done += part;
      }
      if (done == 0 && length > 0) {
        throwIfBroken(offset);
      }
      return done;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException stopped =
          new InterruptedIOException("interrupted while reading " + name());
      stopped.initCause(e);
      throw stopped;
    }
  }

  private void throwIfBroken(long offset) throws MalformedRecordException {
    MalformedRecordException known = failure;
    if (known == null && source.endsEarly() && offset >= source.lengthBytes()) {
      known =
          new MalformedRecordException(
              name(), source.lengthBytes(), "what lies behind this byte does not decode");
      failure = known;
    }
    if (known != null) {
      throw known;
    }
  }

  /** The piece with a byte, its bytes awaited; null where the shard ends or does not decode. */
  private @Nullable ArrivalPiece pieceAt(long offset) throws IOException, InterruptedException {
    while (offset >= asked) {
      if (isAllAsked()) {
        return null;
      }
      askNow(offset + 1);
    }
    int at = indexOf(offset);
    ArrivalPiece piece = pieces.get(at);
    long start = System.nanoTime();
    try {
      piece.await();
    } catch (MalformedRecordException e) {
      if (++reopened > REOPENED_MAX) {
        throw e;
      }
      reopenUpTo(e, at);
      return pieceAt(offset);
    } finally {
      memory.waited(System.nanoTime() - start);
    }
    return piece;
  }

  private int indexOf(long offset) {
    int low = 0;
    int high = pieces.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (pieces.get(middle).start <= offset) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    if (pieces.isEmpty() || offset < pieces.get(low).start) {
      throw new IllegalStateException(
          "byte %d of %s was let go and is asked for again".formatted(offset, name()));
    }
    return low;
  }

  /** What lies before the first byte that does not decode is asked for again, and no more. */
  private void reopenUpTo(MalformedRecordException broken, int at) throws IOException {
    long keep = pieces.get(at).start;
    giveUpAhead(keep);
    long end = Math.max(keep, broken.offset());
    failure = broken;
    source.close();
    source = cache.open(shard, object, FrameTable.single(-1, end), end);
  }

  /** A row's bytes, which have all been asked for. */
  ArrivalPiece.Row row(long offset, long length, List<ArrivalPiece> kept) {
    int first = indexOf(offset);
    int last = length == 0 ? first : indexOf(offset + length - 1);
    ArrivalPiece[] parts = new ArrivalPiece[last - first + 1];
    for (int i = first; i <= last; i++) {
      ArrivalPiece piece = pieces.get(i);
      piece.keep();
      kept.add(piece);
      parts[i - first] = piece;
    }
    return new ArrivalPiece.Row(parts, offset, length);
  }

  @Override
  public ByteLease request(long offset, long length) {
    throw new UnsupportedOperationException("a shard that is read forward gives rows");
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      giveUpAhead(0);
      source.close();
    }
  }
}
