package dev.penstock.cache;

import dev.penstock.bridge.BlockPool;
import dev.penstock.bridge.BudgetExceededException;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameTable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A plain shard of a remote store, gone through with large reads ahead: hopping from header to
 * header with small ones would cost a round trip for each sample. What lies further ahead than is
 * read anyway is hopped to; what lies behind is read for itself.
 */
final class ReadAheadScan implements ScanSource {
  /** At 100 ms a round trip, four of these are 80 MB/s for each scan. */
  private static final int PIECE_BYTES = 2 << 20;

  private static final int PIECE_BYTES_MIN = 64 << 10;
  private static final int PIECES = 4;

  private final OriginReads reads;
  private final CachedObject object;
  private final Runnable afterClose;
  private final BlockPool pool;
  private final int[] places = new int[PIECES];
  private final StoredInput input;
  private boolean opened;
  private boolean closed;

  private ReadAheadScan(
      OriginReads reads, CachedObject object, BlockPool pool, Runnable afterClose) {
    this.reads = reads;
    this.object = object;
    this.pool = pool;
    this.afterClose = afterClose;
    long[] chunks = new long[PIECES];
    for (int i = 0; i < PIECES; i++) {
      places[i] = pool.take();
      chunks[i] = pool.offset(places[i]);
    }
    this.input =
        new StoredInput(
            reads,
            pool.slab(),
            chunks,
            Math.toIntExact(pool.blockBytes()),
            StoredInput.Spare.NONE,
            () -> NextUse.UNKNOWN,
            () -> {});
  }

  /** With as much room as the budget has; null if it has none. */
  static @Nullable ScanSource open(
      OriginReads reads, CachedObject object, ByteBudget budget, Runnable afterClose) {
    for (int piece = PIECE_BYTES; piece >= PIECE_BYTES_MIN; piece /= 2) {
      try {
        BlockPool pool = BlockPool.open(budget, "shard scan", piece, PIECES);
        return new ReadAheadScan(reads, object, pool, afterClose);
      } catch (BudgetExceededException _) {
        // Less has to do.
      }
    }
    return null;
  }

  @Override
  public String name() {
    return object.stored().location();
  }

  @Override
  public long lengthBytes() {
    return object.stored().sizeBytes();
  }

  @Override
  public Codec codec() {
    return Codec.NONE;
  }

  @Override
  public Optional<FrameTable> framesSeen() {
    return Optional.of(FrameTable.single(lengthBytes(), lengthBytes()));
  }

  @Override
  public synchronized int readAt(long offset, MemorySegment target, long targetOffset, int length)
      throws IOException {
    if (closed) {
      throw new IllegalStateException("the scan of " + name() + " is closed");
    }
    if (opened && offset < input.position()) {
      return reads.now(object, offset, target, targetOffset, length);
    }
    if (!opened || offset - input.position() > (long) PIECES * pool.blockBytes()) {
      input.awaitQuiet();
      input.open(object, Math.min(offset, lengthBytes()), lengthBytes());
      opened = true;
    }
    int done = 0;
    while (done < length) {
      input.awaitReady(object);
      int available = input.available();
      if (available == 0) {
        break;
      }
      long behind = offset + done - input.position();
      if (behind > 0) {
        input.consume((int) Math.min(available, behind));
      } else {
        int part = Math.min(length - done, available);
        MemorySegment.copy(pool.slab(), input.slabOffset(), target, targetOffset + done, part);
        input.consume(part);
        done += part;
      }
    }
    return done;
  }

  @Override
  public ByteLease request(long offset, long length) {
    throw new UnsupportedOperationException("a scan reads forward; open a session for leases");
  }

  @Override
  public synchronized void close() {
    if (closed) {
      throw new IllegalStateException("the scan of " + name() + " was closed already");
    }
    closed = true;
    input.awaitQuiet();
    for (int place : places) {
      pool.give(place);
    }
    pool.close();
    afterClose.run();
  }
}
