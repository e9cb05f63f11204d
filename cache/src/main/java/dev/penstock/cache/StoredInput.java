package dev.penstock.cache;

import dev.penstock.cache.origin.OriginException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The stored bytes of one object from some place on, read ahead into a ring of chunks. One thread
 * at a time consumes; {@code changed} is run on the origin's threads whenever a chunk has come or
 * failed, and must not block.
 */
final class StoredInput {
  private final OriginReads reads;
  private final MemorySegment slab;
  private final int chunkBytes;
  private final Chunk[] ring;
  private final Runnable changed;

  private @Nullable CachedObject object;
  private long storedBytes;
  private long position;
  private long nextFetch;
  private int head;
  private int headUsed;

  private int inFlight;

  private static final class Chunk {
    final long slabOffset;
    int length;
    // Written by the origin's thread before ready, read by the consumer after it saw ready.
    @Nullable IOException failure;
    volatile boolean ready;

    Chunk(long slabOffset) {
      this.slabOffset = slabOffset;
    }
  }

  StoredInput(
      OriginReads reads,
      MemorySegment slab,
      long[] chunkOffsets,
      int chunkBytes,
      Runnable changed) {
    this.reads = reads;
    this.slab = slab;
    this.chunkBytes = chunkBytes;
    this.changed = changed;
    this.ring = new Chunk[chunkOffsets.length];
    for (int i = 0; i < ring.length; i++) {
      ring[i] = new Chunk(chunkOffsets[i]);
    }
  }

  /** Begins at {@code storedOffset} of {@code from}; only while {@link #isQuiet}. */
  void open(CachedObject from, long storedOffset) {
    object = from;
    storedBytes = from.stored().sizeBytes();
    position = storedOffset;
    nextFetch = storedOffset;
    head = 0;
    headUsed = 0;
    for (Chunk chunk : ring) {
      fetch(chunk);
    }
  }

  /**
   * How many bytes can be consumed at once, 0 while none has come or at the end.
   *
   * @throws IOException if the next bytes cannot be had
   */
  int available() throws IOException {
    Chunk chunk = ring[head];
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
    return position == storedBytes || ring[head].ready;
  }

  boolean atEnd() {
    return position == storedBytes;
  }

  /** Where in the slab the available bytes begin. */
  long slabOffset() {
    return ring[head].slabOffset + headUsed;
  }

  MemorySegment slab() {
    return slab;
  }

  /** The stored offset of the next byte. */
  long position() {
    return position;
  }

  void consume(int bytes) {
    Chunk chunk = ring[head];
    headUsed += bytes;
    position += bytes;
    if (bytes > 0 && headUsed == chunk.length) {
      headUsed = 0;
      head = (head + 1) % ring.length;
      fetch(chunk);
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

  private void fetch(Chunk chunk) {
    chunk.ready = false;
    chunk.failure = null;
    CachedObject from = object;
    if (from == null || nextFetch >= storedBytes) {
      return;
    }
    chunk.length = (int) Math.min(chunkBytes, storedBytes - nextFetch);
    long offset = nextFetch;
    nextFetch += chunk.length;
    synchronized (this) {
      inFlight++;
    }
    reads.start(
        from,
        offset,
        chunk.length,
        slab,
        new long[] {chunk.slabOffset},
        chunkBytes,
        new OriginReads.Receiver() {
          @Override
          public void complete(int block) {
            arrived(chunk, null);
          }

          @Override
          public void failed(int block, IOException failure) {
            arrived(chunk, failure);
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
