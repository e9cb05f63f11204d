package dev.penstock.cache;

import dev.penstock.formats.Codec;
import dev.penstock.formats.CodecException;
import dev.penstock.formats.FrameDecoder;
import dev.penstock.formats.MalformedRecordException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One place in a compressed shard from which decoding goes forward: a decoder, its input, and the
 * block it is filling. Used for another place, or another shard, when nobody needs it where it is.
 *
 * <p>{@link DecodeScheduler} guards the first group of fields with its lock; the second belongs to
 * the one worker that runs the stream.
 */
final class DecodeStream {
  /** What became of {@link #advance}. */
  enum Progress {
    BLOCK_DONE,
    NEEDS_INPUT,
    ENDED
  }

  enum State {
    IDLE,
    QUEUED,
    RUNNING,
    WAITING,
    /** Not used any more: the budget does not hold a decoder for it. */
    RETIRED
  }

  /** Somebody wants this block decoded. */
  record Demand(Block block, Share share, long sequence) {}

  State state = State.IDLE;
  @Nullable Decoding decoding;
  final TreeMap<Long, Demand> demands = new TreeMap<>();

  /** Number of the next block that will begin here; blocks below it have been passed. */
  long nextBlock;

  /** Where the last frame ends that is wanted; as stored. Written under the scheduler's lock. */
  volatile long wantedStored;

  /** Since when it has waited for its input, while {@link State#WAITING}. */
  long waitingSince;

  long urgency;
  boolean restart;
  @Nullable Demand chosen;

  /** Whose demand the present block is, or is on the way to. */
  Job towards = Job.NONE;

  long entryStored;
  long entryDecoded;

  final StoredInput input;
  final DecoderSlot slot;
  private final int blockBytes;
  private @Nullable FrameDecoder decoder;
  private long position;
  private boolean mayHoldOutput;
  @Nullable Block output;
  @Nullable Share outputShare;
  long outputSequence;
  boolean discarding;
  long discardedBytes;
  long decodedBytes;

  DecodeStream(StoredInput input, DecoderSlot slot, int blockBytes) {
    this.input = input;
    this.slot = slot;
    this.blockBytes = blockBytes;
  }

  /** Enters the shard at the frame that the scheduler chose. */
  void begin(CachedObject object, Codec codec) {
    restart = false;
    decoder = slot.restart(codec);
    position = entryDecoded;
    mayHoldOutput = false;
    input.open(object, entryStored, wantedStored);
  }

  /** Decoded offset of the next byte. */
  long position() {
    return position;
  }

  boolean hasOutput() {
    return output != null || discarding;
  }

  /** What follows, up to the next border of a block, goes into {@code block}. */
  void fill(Block block, Share share) {
    output = block;
    outputShare = share;
  }

  void clearOutput() {
    output = null;
    outputShare = null;
    discarding = false;
  }

  /** Bytes of the present block that are done. */
  int blockPosition() {
    return (int) (position % blockBytes);
  }

  /**
   * Decodes until the block is full, the input runs dry, or the shard ends.
   *
   * @param scratch where bytes go that nobody wants
   */
  Progress advance(RamTier tier, MemorySegment scratch, long scratchOffset) throws IOException {
    FrameDecoder running = decoder;
    if (running == null) {
      throw new IllegalStateException("a decode stream was run before it began");
    }
    String shard = shard();
    long last = decoding == null ? Long.MAX_VALUE : decoding.lastDecodable();
    long blockEnd = Math.min(last, (position / blockBytes + 1) * blockBytes);
    boolean stuck = false;
    while (position < blockEnd) {
      int available = input.available();
      if (available == 0 && !mayHoldOutput) {
        if (!input.atEnd()) {
          return Progress.NEEDS_INPUT;
        }
        if (!running.atFrameEnd()) {
          throw malformed(shard, "the shard ends inside a compressed frame");
        }
        return Progress.ENDED;
      }
      Block block = output;
      int room = (int) (blockEnd - position);
      int length = block == null ? Math.min(room, DecodeMemory.SCRATCH_BYTES) : room;
      MemorySegment target = block == null ? scratch : tier.slab();
      long targetOffset =
          block == null ? scratchOffset : tier.slabOffset(block.place) + blockPosition();
      decode(running, shard, available, target, targetOffset, length);
      boolean progress = running.consumed() > 0 || running.produced() > 0;
      if (!progress && stuck) {
        throw malformed(shard, "the decoder makes no progress");
      }
      stuck = !progress;
      mayHoldOutput = running.produced() == length;
    }
    return position >= last ? Progress.ENDED : Progress.BLOCK_DONE;
  }

  private void decode(
      FrameDecoder running,
      String shard,
      int available,
      MemorySegment target,
      long targetOffset,
      int length)
      throws IOException {
    try {
      running.decode(
          input.slab(),
          available == 0 ? 0 : input.slabOffset(),
          available,
          target,
          targetOffset,
          length);
    } catch (CodecException malformed) {
      throw malformed.at(shard, input.position(), position);
    }
    slot.account(shard);
    input.consume(running.consumed());
    position += running.produced();
    decodedBytes += running.produced();
    discardedBytes += discarding ? running.produced() : 0;
  }

  private MalformedRecordException malformed(String shard, String reason) {
    return new MalformedRecordException(
        shard, position, "%s (at stored byte %d)".formatted(reason, input.position()));
  }

  private String shard() {
    Decoding of = decoding;
    return of == null ? "a shard" : of.object().stored().location();
  }
}
