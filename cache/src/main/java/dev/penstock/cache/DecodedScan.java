package dev.penstock.cache;

import dev.penstock.bridge.BlockPool;
import dev.penstock.bridge.BudgetExceededException;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.formats.Codec;
import dev.penstock.formats.CodecException;
import dev.penstock.formats.FrameDecoder;
import dev.penstock.formats.FrameTable;
import dev.penstock.formats.MalformedRecordException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A compressed shard, decoded forward on the calling thread through a small window; notes where its
 * frames begin. Reading behind the window enters again at the nearest frame that it has seen.
 */
final class DecodedScan implements ScanSource {
  /** Of decoded bytes. */
  private static final int WINDOW_BYTES = 128 << 10;

  /** Input chunks: half a page cache's read-ahead each, for a disk. */
  private static final int PIECE_BYTES = 128 << 10;

  private static final int PIECES = 3;

  /** The same for stores far away: at 100 ms a round trip, 60 MB/s for each scan. */
  private static final int REMOTE_PIECE_BYTES = 2 << 20;

  private final CachedObject object;
  private final Codec codec;
  private final Runnable afterClose;
  private final BlockPool window;
  private final int windowPlace;
  private final BlockPool chunks;
  private final int[] chunkPlaces = new int[PIECES];
  private final StoredInput input;
  private final DecoderSlot slot;
  private final FrameTable.Builder frames = FrameTable.builder();
  private final long storedBytes;

  private FrameDecoder decoder;
  private long windowStart;
  private int windowBytes;
  private boolean mayHoldOutput;
  private long lastFrame;
  private long lastFrameDecoded;
  private long decodedBytes = -1;
  private @Nullable FrameTable table;
  private @Nullable MalformedRecordException failure;
  private boolean closed;

  DecodedScan(
      OriginReads reads, CachedObject object, Codec codec, ByteBudget budget, Runnable afterClose) {
    this.object = object;
    this.codec = codec;
    this.afterClose = afterClose;
    this.storedBytes = object.stored().sizeBytes();
    this.window = BlockPool.open(budget, "shard scan", WINDOW_BYTES, 1);
    this.chunks = chunks(object, budget, window);
    this.windowPlace = window.take();
    long[] offsets = new long[PIECES];
    for (int i = 0; i < PIECES; i++) {
      chunkPlaces[i] = chunks.take();
      offsets[i] = chunks.offset(chunkPlaces[i]);
    }
    this.input =
        new StoredInput(
            reads,
            chunks.slab(),
            offsets,
            chunks.blockBytes(),
            StoredInput.Spare.NONE,
            () -> NextUse.UNKNOWN,
            () -> {});
    this.slot = new DecoderSlot(budget);
    this.decoder = slot.restart(codec);
    frames.add(0, 0);
    input.open(object, 0, storedBytes);
  }

  /** As much room for a store far away as the budget has, and at least what a disk needs. */
  private static BlockPool chunks(CachedObject object, ByteBudget budget, BlockPool window) {
    boolean remote = object.origin().isRemote(object.stored().location());
    for (int piece = REMOTE_PIECE_BYTES; remote && piece > PIECE_BYTES; piece /= 2) {
      try {
        return BlockPool.open(budget, "shard scan", piece, PIECES);
      } catch (BudgetExceededException _) {
        // Less has to do.
      }
    }
    try {
      return BlockPool.open(budget, "shard scan", PIECE_BYTES, PIECES);
    } catch (BudgetExceededException tooSmall) {
      window.close();
      throw tooSmall;
    }
  }

  @Override
  public String name() {
    return object.stored().location();
  }

  @Override
  public synchronized long lengthBytes() {
    return decodedBytes;
  }

  @Override
  public Codec codec() {
    return codec;
  }

  @Override
  public synchronized Optional<FrameTable> framesSeen() {
    if (table == null && decodedBytes >= 0) {
      table = frames.build(storedBytes, decodedBytes);
    }
    return Optional.ofNullable(table);
  }

  @Override
  public synchronized int readAt(long offset, MemorySegment target, long targetOffset, int length)
      throws IOException {
    if (closed) {
      throw new IllegalStateException("the scan of " + name() + " is closed");
    }
    if (offset < windowStart) {
      enterBehind(offset);
    }
    int done = 0;
    while (done < length) {
      long inWindow = offset + done - windowStart;
      if (inWindow < windowBytes) {
        int part = (int) Math.min(length - done, windowBytes - inWindow);
        MemorySegment.copy(
            window.slab(), windowOffset() + inWindow, target, targetOffset + done, part);
        done += part;
      } else if (failure != null && done > 0) {
        break; // what does decode comes first
      } else if (!nextWindow()) {
        break;
      }
    }
    return done;
  }

  /** Decodes the stretch behind the window into it; false at the end of the shard. */
  private boolean nextWindow() throws IOException {
    long end = windowStart + windowBytes;
    if (failure != null) {
      throw failure;
    }
    if (end == decodedBytes) {
      return false;
    }
    windowStart = end;
    windowBytes = 0;
    try {
      fillWindow();
    } catch (MalformedRecordException malformed) {
      failure = malformed;
      if (windowBytes == 0) {
        throw malformed;
      }
    }
    return windowBytes > 0;
  }

  private void fillWindow() throws IOException {
    boolean stuck = false;
    while (windowBytes < WINDOW_BYTES) {
      if (!mayHoldOutput) {
        input.awaitReady(object);
      }
      int available = input.available();
      if (available == 0 && !mayHoldOutput && input.atEnd()) {
        ended();
        break;
      }
      decode(available);
      boolean progress = decoder.consumed() > 0 || decoder.produced() > 0;
      if (!progress && stuck) {
        throw malformed("the decoder makes no progress");
      }
      stuck = !progress;
    }
  }

  private void decode(int available) throws IOException {
    int room = WINDOW_BYTES - windowBytes;
    try {
      decoder.decode(
          input.slab(),
          available == 0 ? 0 : input.slabOffset(),
          available,
          window.slab(),
          windowOffset() + windowBytes,
          room);
    } catch (CodecException malformed) {
      // Nothing that a frame has yielded is to be trusted when the frame does not decode.
      throw malformed.at(name(), input.position(), lastFrameDecoded);
    }
    slot.account(name());
    input.consume(decoder.consumed());
    windowBytes += decoder.produced();
    mayHoldOutput = decoder.produced() == room;
    long stored = input.position();
    if (decoder.atFrameEnd() && stored > lastFrame && stored < storedBytes) {
      frames.add(stored, windowStart + windowBytes);
      lastFrame = stored;
      lastFrameDecoded = windowStart + windowBytes;
    }
  }

  private long windowOffset() {
    return window.offset(windowPlace);
  }

  private void ended() throws IOException {
    if (!decoder.atFrameEnd()) {
      throw malformed("the shard ends inside a compressed frame");
    }
    decodedBytes = windowStart + windowBytes;
  }

  private void enterBehind(long offset) {
    FrameTable seen = table == null ? frames.build(storedBytes, Long.MAX_VALUE) : table;
    int frame = seen.frameOf(offset);
    input.awaitQuiet();
    decoder = slot.restart(codec);
    mayHoldOutput = false;
    failure = null;
    lastFrameDecoded = seen.decodedOffset(frame);
    windowStart = seen.decodedOffset(frame);
    windowBytes = 0;
    input.open(object, seen.storedOffset(frame), storedBytes);
  }

  private MalformedRecordException malformed(String reason) {
    return new MalformedRecordException(
        name(),
        windowStart + windowBytes,
        "%s (at stored byte %d)".formatted(reason, input.position()));
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
    slot.close();
    for (int place : chunkPlaces) {
      chunks.give(place);
    }
    chunks.close();
    window.give(windowPlace);
    window.close();
    afterClose.run();
  }
}
