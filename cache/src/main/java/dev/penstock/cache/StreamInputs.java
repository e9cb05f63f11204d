package dev.penstock.cache;

import dev.penstock.cache.DecodeStream.Demand;
import dev.penstock.cache.DecodeStream.State;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Streams and their stored bytes: which of them wait for some, how long they did, and how long
 * readers can do without what comes of these bytes. Thread-safe; under the lock of {@link
 * DecodeScheduler}.
 */
final class StreamInputs {
  private final ReentrantLock lock;
  private final Consumer<DecodeStream> enqueue;

  /** {@code enqueue} takes, under {@code lock}, streams that can go on. */
  StreamInputs(ReentrantLock lock, Consumer<DecodeStream> enqueue) {
    this.lock = lock;
    this.enqueue = enqueue;
  }

  /** Whether the running stream has to wait; it is no longer the caller's then. */
  boolean mustWait(DecodeStream stream) {
    lock.lock();
    try {
      boolean ready = stream.restart ? stream.input.isQuiet() : stream.input.isReady();
      if (ready || mayReadOn(stream)) {
        return false;
      }
      stream.state = State.WAITING;
      stream.waitingSince = System.nanoTime();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Whether more is wanted of a stream than its input has asked for, and there is room for it. */
  static boolean mayReadOn(DecodeStream stream) {
    return !stream.restart && stream.input.couldFetch(stream.wantedStored);
  }

  /** Bytes have come, or failed to. */
  void changed(DecodeStream stream) {
    lock.lock();
    try {
      if (stream.state == State.WAITING) {
        resume(stream);
      }
    } finally {
      lock.unlock();
    }
  }

  /** A waiting stream goes on. Under the lock. */
  void resume(DecodeStream stream) {
    Decoding of = stream.decoding;
    if (of != null) {
      of.starvedNanos += System.nanoTime() - stream.waitingSince;
    }
    enqueue.accept(stream);
  }

  /** How long readers can do without the block that a stream is at, and those ahead of it. */
  long slackNanos(DecodeStream stream) {
    lock.lock();
    try {
      // Somebody may have asked for it since the stream came by it. While one runs it is its
      // worker's, and the stream has bytes to go on with.
      Block current = stream.state == State.RUNNING ? null : stream.output;
      long least = current == null ? NextUse.UNKNOWN : current.slackNanos();
      for (Demand demand : stream.demands.values()) {
        least = Math.min(least, demand.block().slackNanos());
      }
      return least;
    } finally {
      lock.unlock();
    }
  }

  /** How long streams inside an object have waited so far, in all. */
  long starvedNanos(Decoding decoding) {
    lock.lock();
    try {
      long now = System.nanoTime();
      long nanos = decoding.starvedNanos;
      for (DecodeStream stream : decoding.streams) {
        nanos += stream.state == State.WAITING ? now - stream.waitingSince : 0;
      }
      return nanos;
    } finally {
      lock.unlock();
    }
  }
}
