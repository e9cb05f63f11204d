package dev.penstock.cache;

import dev.penstock.bridge.ByteBudget;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The streams there are, and the memory that they read into. Guarded by the lock of {@link
 * DecodeScheduler}.
 */
final class DecodeStreams {
  private final DecodeMemory memory;
  private final OriginReads reads;
  private final ByteBudget budget;
  private final int blockBytes;
  private final List<DecodeStream> streams = new ArrayList<>();
  private final List<int[]> chunkPlaces = new ArrayList<>();

  DecodeStreams(DecodeMemory memory, OriginReads reads, ByteBudget budget, int blockBytes) {
    this.memory = memory;
    this.reads = reads;
    this.budget = budget;
    this.blockBytes = blockBytes;
  }

  /**
   * One more; null if streams that read far ahead have its memory now.
   *
   * @param slack says how long the blocks that are wanted of a stream can be done without
   * @param inputChanged told on the origin's threads that bytes have come, or failed to
   */
  @Nullable DecodeStream add(
      ToLongFunction<DecodeStream> slack, Consumer<DecodeStream> inputChanged) {
    int[] places = memory.takeChunks();
    if (places == null) {
      return null;
    }
    long[] offsets = new long[places.length];
    for (int i = 0; i < places.length; i++) {
      offsets[i] = memory.chunkOffset(places[i]);
    }
    DecodeStream[] self = new DecodeStream[1];
    StoredInput input =
        new StoredInput(
            reads,
            memory.chunkSlab(),
            offsets,
            DecodeMemory.CHUNK_BYTES,
            memory,
            () -> slack.applyAsLong(self[0]),
            () -> inputChanged.accept(self[0]));
    DecodeStream stream = new DecodeStream(input, new DecoderSlot(budget), blockBytes);
    self[0] = stream;
    streams.add(stream);
    chunkPlaces.add(places);
    return stream;
  }

  List<DecodeStream> all() {
    return Collections.unmodifiableList(streams);
  }

  int size() {
    return streams.size();
  }

  /** Frees their memory; nobody runs them any more. */
  void free() {
    for (int i = 0; i < streams.size(); i++) {
      streams.get(i).input.awaitQuiet();
      streams.get(i).input.narrow();
      streams.get(i).slot.close();
      memory.giveChunks(chunkPlaces.get(i));
    }
  }
}
