package dev.penstock.cache.remote;

import dev.penstock.bridge.Scatter;
import dev.penstock.cache.http.HttpCall;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.RangeRead;
import dev.penstock.cache.origin.StoredObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * One range on its way: neighbouring reads of one object that are asked for together, the place
 * where bytes have come to, and the attempts that bring them.
 *
 * <p>Usually one attempt runs, and each block is handed over as soon as it is full. While a second
 * one runs beside it, both write the same bytes of the same version to the same places; nothing is
 * handed over then until neither can write any more.
 */
final class RangeFetch {
  final StoredObject object;

  // Until it starts, guarded by the queue's lock; fixed from then on.
  private final List<RangeRead> reads = new ArrayList<>();
  private long offset;
  private long length;

  // What follows is guarded by this.
  private long[] blockEnds = {};
  private RangeRead[] blockReads = {};
  private int[] blockNumbers = {};
  private long position;
  private int told;
  private final List<Attempt> attempts = new ArrayList<>(2);
  private boolean shared;
  private boolean settled;
  private @Nullable IOException failure;

  /** Of the retries; touched by one thread at a time. */
  final RetryPolicy.History history = new RetryPolicy.History();

  private long positionAtFailure;

  RangeFetch(StoredObject object, RangeRead read) {
    this.object = object;
    this.offset = read.offset();
    this.length = read.length();
    reads.add(read);
  }

  long offset() {
    return offset;
  }

  long length() {
    return length;
  }

  long end() {
    return offset + length;
  }

  void append(RangeRead read) {
    reads.add(read);
    length += read.length();
  }

  void prepend(RangeRead read) {
    reads.addFirst(read);
    offset = read.offset();
    length += read.length();
  }

  /** Takes in all reads of {@code next}, which begins where this one ends. */
  void append(RangeFetch next) {
    reads.addAll(next.reads);
    length += next.length;
  }

  /** Fixes what belongs to it; called once, before the first attempt. */
  synchronized void freeze() {
    int blocks = reads.stream().mapToInt(RangeRead::blockCount).sum();
    blockEnds = new long[blocks];
    blockReads = new RangeRead[blocks];
    blockNumbers = new int[blocks];
    int at = 0;
    for (RangeRead read : reads) {
      for (int block = 0; block < read.blockCount(); block++) {
        blockEnds[at] = read.blockOffset(block) + read.blockLength(block) - offset;
        blockReads[at] = read;
        blockNumbers[at] = block;
        at++;
      }
    }
  }

  /**
   * Nanoseconds until the first of its bytes that have not come is needed, see {@link
   * RangeRead#slackNanos}. Only once frozen.
   */
  long slackNanos() {
    int from;
    synchronized (this) {
      from = told;
    }
    long least = RangeRead.Sink.UNKNOWN;
    RangeRead asked = null;
    for (int block = from; block < blockReads.length; block++) {
      if (blockReads[block] != asked) {
        asked = blockReads[block];
        least = Math.min(least, asked.slackNanos());
      }
    }
    return least;
  }

  /** {@code listener} hears when somebody begins to wait; replaces the one before. */
  void whenAwaited(Runnable listener) {
    reads.forEach(read -> read.whenAwaited(listener));
  }

  boolean isFrozen() {
    return blockEnds.length > 0;
  }

  /** Begins an attempt where the bytes end so far; null if it is not needed any more. */
  synchronized @Nullable Attempt begin() {
    if (settled || position == length) {
      return null;
    }
    if (attempts.isEmpty()) {
      failure = null;
      shared = false;
    } else {
      shared = true;
    }
    Attempt attempt = new Attempt(position, shared);
    attempts.add(attempt);
    return attempt;
  }

  /** What became of a range when its last attempt has left. */
  enum Outcome {
    /** Others are still at it. */
    RUNNING,
    /** All bytes have come, and all blocks were handed over. */
    COMPLETE,
    /** Bytes are missing, see {@link #failure}. */
    BROKEN
  }

  /** An attempt has ended: its memory is no longer touched. */
  Outcome leave(Attempt attempt, @Nullable IOException why) {
    int from;
    int to;
    Outcome outcome;
    synchronized (this) {
      attempts.remove(attempt);
      attempt.writing = false;
      Future<?> watch = attempt.timer;
      if (watch != null) {
        watch.cancel(false);
      }
      if (why != null && failure == null) {
        failure = why;
      }
      from = told;
      to = ready();
      told = to;
      outcome =
          !attempts.isEmpty()
              ? Outcome.RUNNING
              : position == length ? Outcome.COMPLETE : Outcome.BROKEN;
    }
    tell(from, to);
    return outcome;
  }

  synchronized long position() {
    return position;
  }

  synchronized boolean isComplete() {
    return position == length;
  }

  /** Whether a second attempt ran beside the first. */
  synchronized boolean wasShared() {
    return shared;
  }

  /** Whether {@code attempt} still runs, and no other. */
  synchronized boolean isAlone(Attempt attempt) {
    return attempts.size() == 1 && attempts.getFirst() == attempt && position < length;
  }

  /** Its history, told whether bytes came since it failed last. */
  synchronized RetryPolicy.History noteProgress() {
    history.progressed(position > positionAtFailure);
    positionAtFailure = position;
    return history;
  }

  synchronized @Nullable IOException failure() {
    return failure;
  }

  synchronized void cancelAttempts() {
    attempts.forEach(attempt -> attempt.call.cancel());
  }

  /** Gives up: all blocks that were not handed over fail. */
  void fail(OriginException why) {
    int from;
    synchronized (this) {
      if (settled) {
        return;
      }
      settled = true;
      if (blockEnds.length == 0) {
        freeze();
      }
      from = told;
      told = blockEnds.length;
    }
    for (int block = from; block < blockEnds.length; block++) {
      blockReads[block].sink().failed(blockNumbers[block], why.copy());
    }
  }

  /** How many blocks may have been handed over now. Called under this lock. */
  private int ready() {
    if (shared && attempts.stream().anyMatch(attempt -> attempt.writing)) {
      return told;
    }
    if (shared && position < length && !attempts.isEmpty()) {
      return told;
    }
    int ready = told;
    while (ready < blockEnds.length && blockEnds[ready] <= position) {
      ready++;
    }
    settled |= ready == blockEnds.length;
    return ready;
  }

  private void tell(int from, int to) {
    for (int block = from; block < to; block++) {
      int number = blockNumbers[block];
      blockReads[block].sink().arrived(number, blockReads[block].blockLength(number));
    }
  }

  /** One request for what is missing, from where it began. */
  final class Attempt implements RangeTransport.Body {
    final HttpCall call = new HttpCall();
    final long start;
    final boolean second;
    final long beganNanos = System.nanoTime();
    private volatile long firstByteNanos = -1;
    private volatile long lastByteNanos = beganNanos;
    private boolean decisive;

    /** Looks whether it is slow. */
    volatile @Nullable Future<?> timer;

    /** Whether a second request was started beside it. */
    volatile boolean hedged;

    private long at;
    private int block;
    private @Nullable ByteBuffer room;

    /** Whether it may be writing into the blocks; guarded by the fetch. */
    private boolean writing;

    private Attempt(long start, boolean second) {
      this.start = start;
      this.second = second;
      this.at = start;
    }

    /** Bytes that this attempt brought. */
    long bytes() {
      return at - start;
    }

    /** From its begin until its first byte, or -1. */
    long firstByteNanos() {
      return firstByteNanos;
    }

    /** When its last byte came, or it began, by {@link System#nanoTime}. */
    long lastByteNanos() {
      return lastByteNanos;
    }

    /** Whether it brought the last missing byte. */
    boolean wasDecisive() {
      return decisive;
    }

    boolean isWhole() {
      return at == length;
    }

    private void beginWriting() throws IOException {
      synchronized (RangeFetch.this) {
        if (settled || position == length || call.isCancelled()) {
          throw new IOException("another request for the same range was faster");
        }
        writing = true;
      }
    }

    @Override
    public boolean places(Scatter into, long most) throws IOException {
      beginWriting();
      room = null;
      long end = Math.min(length, at + most);
      long from = at;
      while (blockEnds[block] <= from) {
        block++;
      }
      for (int next = block; from < end && into.count() < Scatter.PIECES_MAX; next++) {
        RangeRead read = blockReads[next];
        int number = blockNumbers[next];
        long within = read.blockLength(number) - (blockEnds[next] - from);
        long bytes = Math.min(end, blockEnds[next]) - from;
        into.add(read.slab(), read.slabOffset(number) + within, bytes);
        from += bytes;
      }
      return true;
    }

    @Override
    public ByteBuffer room() throws IOException {
      beginWriting();
      ByteBuffer current = room;
      if (current == null || !current.hasRemaining()) {
        current = blockRoom();
        room = current;
      }
      return current;
    }

    private ByteBuffer blockRoom() {
      while (blockEnds[block] <= at) {
        block++;
      }
      RangeRead read = blockReads[block];
      int number = blockNumbers[block];
      int bytes = Math.toIntExact(blockEnds[block] - at);
      long into = read.blockLength(number) - (long) bytes;
      return read.slab().asSlice(read.slabOffset(number) + into, bytes).asByteBuffer();
    }

    @Override
    public void filled(int bytes) {
      long now = System.nanoTime();
      lastByteNanos = now;
      if (firstByteNanos < 0 && bytes > 0) {
        firstByteNanos = now - beganNanos;
      }
      at += bytes;
      int from;
      int to;
      synchronized (RangeFetch.this) {
        writing = false;
        decisive = position < length && at == length;
        position = Math.max(position, at);
        from = told;
        to = ready();
        told = to;
        if (position == length && attempts.size() > 1) {
          attempts.forEach(other -> cancelUnless(other, this));
        }
      }
      tell(from, to);
    }

    private static void cancelUnless(RangeFetch.Attempt other, RangeFetch.Attempt winner) {
      if (other != winner) {
        other.call.cancel();
      }
    }
  }
}
