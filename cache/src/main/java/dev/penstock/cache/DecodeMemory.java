package dev.penstock.cache;

import dev.penstock.bridge.BlockPool;
import dev.penstock.bridge.BudgetExceededException;
import dev.penstock.bridge.ByteBudget;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The native memory of decompression beside the cache's blocks: input chunks, and the room for
 * bytes that are decoded only to get past them. Decoders reserve their own windows as they grow.
 */
final class DecodeMemory implements StoredInput.Spare, AutoCloseable {
  static final int CHUNK_BYTES = CacheConfig.DECODE_CHUNK_BYTES;
  static final int CHUNKS_PER_STREAM = CacheConfig.DECODE_CHUNKS;

  /** As large as fits beside a decoder's window in a core's second-level cache. */
  static final int SCRATCH_BYTES = 128 << 10;

  private final BlockPool chunks;
  private final BlockPool scratch;
  private final int streams;

  private DecodeMemory(BlockPool chunks, BlockPool scratch, int streams) {
    this.chunks = chunks;
    this.scratch = scratch;
    this.streams = streams;
  }

  /**
   * Memory for {@code threads} threads and up to {@code wanted} streams; for fewer when the budget
   * is too small.
   *
   * @throws BudgetExceededException if it does not hold even one stream
   */
  static DecodeMemory open(ByteBudget budget, int threads, int wanted) {
    BlockPool scratch = BlockPool.open(budget, "decompression scratch", SCRATCH_BYTES, threads);
    int streams = wanted;
    while (true) {
      try {
        BlockPool chunks =
            BlockPool.open(budget, "decompression input", CHUNK_BYTES, streams * CHUNKS_PER_STREAM);
        return new DecodeMemory(chunks, scratch, streams);
      } catch (BudgetExceededException tooSmall) {
        if (streams == 1) {
          scratch.close();
          throw tooSmall;
        }
        streams /= 2;
      }
    }
  }

  int streams() {
    return streams;
  }

  MemorySegment chunkSlab() {
    return chunks.slab();
  }

  MemorySegment scratchSlab() {
    return scratch.slab();
  }

  long scratchOffset(int thread) {
    return scratch.offset(thread);
  }

  /**
   * The places of the chunks of one more stream, until {@link #giveChunks}; null if streams that
   * read far ahead have them now.
   */
  int @Nullable [] takeChunks() {
    int[] places = new int[CHUNKS_PER_STREAM];
    for (int i = 0; i < places.length; i++) {
      places[i] = chunks.take();
      if (places[i] < 0) {
        for (int taken = 0; taken < i; taken++) {
          chunks.give(places[taken]);
        }
        return null;
      }
    }
    return places;
  }

  /** A chunk for a stream that reads further ahead: while half of all are left. */
  @Override
  public int take() {
    return chunks.freeCount() > chunks.blockCount() / 2 ? chunks.take() : -1;
  }

  /** Whether so few chunks are left that streams to come may soon want for them. */
  @Override
  public boolean isShort() {
    return chunks.freeCount() < chunks.blockCount() / 4;
  }

  @Override
  public void give(int place) {
    chunks.give(place);
  }

  @Override
  public long chunkOffset(int place) {
    return chunks.offset(place);
  }

  void giveChunks(int[] places) {
    for (int place : places) {
      chunks.give(place);
    }
  }

  @Override
  public void close() {
    chunks.close();
    scratch.close();
  }
}
