package dev.penstock.cache;

import dev.penstock.cache.origin.OriginException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The stored bytes of one object from some place on, as far as they are wanted, read ahead into a
 * ring of chunks. One thread at a time consumes; {@code changed} is run on the origin's threads
 * whenever a chunk has come or failed, and must not block. {@code slack} says on the same threads
 * how long what is decoded from the bytes can be done without, {@link NextUse#UNKNOWN} if nobody
 * knows.
 *
 * <p>The ring has a few chunks of its own, enough for a disk. A consumer that has to wait for a
 * store far away may {@link #widen} it by spare ones, which go back as soon as others need them.
 */
final class StoredInput {
  /** With chunks of 256 KiB, 8 MiB: at 20 ms a round trip 400 MB/s for each place in a shard. */
  private static final int CHUNKS_MAX = 32;

  /** Reads end where a page of the object does, or where it ends. */
  private static final int PAGE_BYTES = 4096;

  private final OriginReads reads;
  private final MemorySegment slab;
  private final int chunkBytes;
  private final Spare spare;
  private final ArrayDeque<Chunk> ring;
  private final LongSupplier slack;
  private final Runnable changed;

  private @Nullable CachedObject object;
  private long storedBytes;
  private long position;
  private long nextFetch;
  private volatile long wanted;
  private int headUsed;

  /** Whether there are chunks that nothing more was wanted for; also read by other threads. */
  private volatile boolean hungry;

  private int inFlight;

  /** Chunks beyond a ring's own, in the same slab. Thread-safe. */
  interface Spare {
    /** Where there are none. */
    Spare NONE =
        new Spare() {
          @Override
          public int take() {
            return -1;
          }

          @Override
          public long chunkOffset(int place) {
            throw new UnsupportedOperationException();
          }

          @Override
          public boolean isShort() {
            return true;
          }

          @Override
          public void give(int place) {
            throw new UnsupportedOperationException();
          }
        };

    /** A place, or -1 if there is none to spare. */
    int take();

    /** Where a place begins in the slab. */
    long chunkOffset(int place);

    /** Whether places that are not needed most urgently should be given back. */
    boolean isShort();

    /** Gives a place back. */
    void give(int place);
  }

  private static final class Chunk {
    final long slabOffset;

    /** Its spare place; -1 for the ring's own. */
    final int place;

    /** Bytes that were asked for, 0 while none are. */
    int length;

    // Written by the origin's thread before ready, read by the consumer after it saw ready.
    @Nullable IOException failure;
    volatile boolean ready;

    Chunk(long slabOffset, int place) {
      this.slabOffset = slabOffset;
      this.place = place;
    }

    void clear() {
      length = 0;
      ready = false;
      failure = null;
    }
  }

  StoredInput(
      OriginReads reads,
      MemorySegment slab,
      long[] chunkOffsets,
      int chunkBytes,
      Spare spare,
      LongSupplier slack,
      Runnable changed) {
    this.reads = reads;
    this.slab = slab;
    this.chunkBytes = chunkBytes;
    this.slack = slack;
    this.changed = changed;
    this.spare = spare;
    this.ring = new ArrayDeque<>(chunkOffsets.length);
    for (long offset : chunkOffsets) {
      ring.addLast(new Chunk(offset, -1));
    }
  }

  /**
   * Begins at {@code storedOffset} of {@code from}, to read as far as {@code storedEnd}; only while
   * {@link #isQuiet}.
   */
  void open(CachedObject from, long storedOffset, long storedEnd) {
    object = from;
    storedBytes = from.stored().sizeBytes();
    position = storedOffset;
    nextFetch = storedOffset;
    headUsed = 0;
    narrow();
    for (Chunk chunk : ring) {
      chunk.clear();
    }
    wanted = end(storedEnd);
    fetchWanted();
  }

  /** Bytes before this place in the object are wanted, and none behind it as far as is known. */
  void want(long storedEnd) {
    wanted = end(storedEnd);
    fetchWanted();
  }

  /** Whether there is room to read more, were {@code storedEnd} wanted. Any thread. */
  boolean couldFetch(long storedEnd) {
    return hungry && storedEnd > wanted;
  }

  /** The consumer cannot go on without more than was wanted. */
  void insist() {
    if (ring.getFirst().length == 0) {
      want(nextFetch + 1);
    }
  }

  private long end(long storedEnd) {
    long page = storedEnd / PAGE_BYTES * PAGE_BYTES;
    return page >= storedBytes - PAGE_BYTES
        ? storedBytes
        : storedEnd == page ? page : page + PAGE_BYTES;
  }

  /** Reads up to twice as far ahead from now on, as far as places can be spared. */
  void widen() {
    int most = Math.min(2 * ring.size(), CHUNKS_MAX);
    while (ring.size() < most && nextFetch < wanted) {
      int place = spare.take();
      if (place < 0) {
        return;
      }
      ring.addLast(new Chunk(spare.chunkOffset(place), place));
      fetchWanted(); // each by itself: far away, several answers at a time bring more
    }
  }

  /** Gives all spare chunks back; only while {@link #isQuiet}. */
  void narrow() {
    ring.removeIf(
        chunk -> {
          if (chunk.place >= 0) {
            spare.give(chunk.place);
          }
          return chunk.place >= 0;
        });
  }

  /**
   * How many bytes can be consumed at once, 0 while none has come or at the end.
   *
   * @throws IOException if the next bytes cannot be had
   */
  int available() throws IOException {
    Chunk chunk = ring.getFirst();
    if (position == storedBytes || !chunk.ready) {
      return 0;
    }
    IOException failure = chunk.failure;
    if (failure != null) {
      throw failure;
    }
    return chunk.length - headUsed;
  }

  /** Whether {@link #available} has an answer: bytes, the end, or a failure. */
  boolean isReady() {
    return position == storedBytes || ring.getFirst().ready;
  }

  boolean atEnd() {
    return position == storedBytes;
  }

  /** Where in the slab the available bytes begin. */
  long slabOffset() {
    return ring.getFirst().slabOffset + headUsed;
  }

  MemorySegment slab() {
    return slab;
  }

  /** The stored offset of the next byte. */
  long position() {
    return position;
  }

  void consume(int bytes) {
    Chunk chunk = ring.getFirst();
    headUsed += bytes;
    position += bytes;
    if (bytes > 0 && headUsed == chunk.length) {
      headUsed = 0;
      ring.removeFirst();
      if (chunk.place >= 0 && (spare.isShort() || nextFetch >= wanted)) {
        spare.give(chunk.place);
      } else {
        chunk.clear();
        ring.addLast(chunk);
        fetchWanted();
      }
    }
  }

  /** Whether no read is in flight, so that the chunks may be used for something else. */
  synchronized boolean isQuiet() {
    return inFlight == 0;
  }

  synchronized void awaitQuiet() {
    boolean interrupted = false;
    while (inFlight > 0) {
      try {
        wait();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits until {@link #isReady}, for a consumer on its own thread. */
  synchronized void awaitReady(CachedObject of) throws OriginException {
    while (!isReady()) {
      try {
        wait();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        throw Failures.interrupted(of.stored().location());
      }
    }
  }

  /** Reads what is wanted into the chunks that are free, with one request. */
  private void fetchWanted() {
    CachedObject from = object;
    long offset = nextFetch;
    if (from == null || offset >= wanted) {
      hungry = offset < storedBytes && ring.getLast().length == 0;
      return;
    }
    List<Chunk> filled = new ArrayList<>();
    for (Chunk chunk : ring) {
      if (chunk.length == 0 && nextFetch < wanted) {
        chunk.length = (int) Math.min(chunkBytes, wanted - nextFetch);
        nextFetch += chunk.length;
        filled.add(chunk);
      }
    }
    hungry = nextFetch < storedBytes && ring.getLast().length == 0;
    if (!filled.isEmpty()) {
      start(from, offset, filled);
    }
  }

  private void start(CachedObject from, long offset, List<Chunk> chunks) {
    synchronized (this) {
      inFlight += chunks.size();
    }
    reads.start(
        from,
        offset,
        nextFetch - offset,
        slab,
        chunks.stream().mapToLong(chunk -> chunk.slabOffset).toArray(),
        chunkBytes,
        new OriginReads.Receiver() {
          @Override
          public void complete(int block) {
            arrived(chunks.get(block), null);
          }

          @Override
          public void failed(int block, IOException failure) {
            arrived(chunks.get(block), failure);
          }

          @Override
          public long slackNanos() {
            return slack.getAsLong();
          }
        });
  }

  private void arrived(Chunk chunk, @Nullable IOException failure) {
    synchronized (this) {
      chunk.failure = failure;
      chunk.ready = true;
      inFlight--;
      notifyAll();
    }
    changed.run();
  }
}
