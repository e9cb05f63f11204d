package dev.penstock.cache.remote;

import dev.penstock.cache.origin.RangeRead;
import dev.penstock.cache.origin.StoredObject;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The ranges that wait, in order of need, and those that run, bounded in requests and bytes. A read
 * that continues a waiting range joins it and keeps its turn. Its length is bounded by the memory
 * that the reads already hold. Thread-safe.
 */
final class FetchQueue {
  /** All requests in flight see the same overload; it is answered once in this time. */
  private static final long THROTTLED_NANOS = 500_000_000L;

  /** One end of a waiting range. */
  private record Edge(StoredObject object, long at) {}

  private final RemoteConfig config;
  private final Concurrency concurrency;
  private final LongSupplier clock;
  private final RequestPace pace = new RequestPace();
  private final ArrayDeque<RangeFetch> waiting = new ArrayDeque<>();
  private final Map<Edge, RangeFetch> byStart = new HashMap<>();
  private final Map<Edge, RangeFetch> byEnd = new HashMap<>();
  private final Set<RangeFetch> running = new HashSet<>();
  private final Set<RangeFetch> resting = new HashSet<>();
  private long runningBytes;
  private boolean heldBack;
  private boolean wakes;
  private boolean closed;

  FetchQueue(RemoteConfig config) {
    this(config, System::nanoTime);
  }

  /** With a clock that tells nanoseconds, as {@link System#nanoTime} does. */
  FetchQueue(RemoteConfig config, LongSupplier clock) {
    this.config = config;
    this.clock = clock;
    this.concurrency = new Concurrency(config.requestsAtStart(), config.requestsMax());
  }

  /** Adds a read at the end, or to a neighbour that waits; false if the queue is closed. */
  synchronized boolean add(StoredObject object, RangeRead read) {
    if (closed) {
      return false;
    }
    long end = read.offset() + read.length();
    RangeFetch before = byEnd.get(new Edge(object, read.offset()));
    if (before != null && before.length() + read.length() <= config.requestBytes()) {
      byEnd.remove(new Edge(object, before.end()));
      before.append(read);
      joinNext(before);
      return true;
    }
    RangeFetch after = byStart.get(new Edge(object, end));
    if (after != null && after.length() + read.length() <= config.requestBytes()) {
      byStart.remove(new Edge(object, after.offset()));
      after.prepend(read);
      byStart.put(new Edge(object, after.offset()), after);
      return true;
    }
    RangeFetch fetch = new RangeFetch(object, read);
    waiting.addLast(fetch);
    byStart.put(new Edge(object, fetch.offset()), fetch);
    byEnd.put(new Edge(object, fetch.end()), fetch);
    return true;
  }

  /** The gap between two waiting ranges may just have been filled. */
  private void joinNext(RangeFetch fetch) {
    RangeFetch next = byStart.get(new Edge(fetch.object, fetch.end()));
    if (next != null && fetch.length() + next.length() <= config.requestBytes()) {
      byStart.remove(new Edge(fetch.object, next.offset()));
      waiting.remove(next);
      fetch.append(next);
    }
    byEnd.put(new Edge(fetch.object, fetch.end()), fetch);
  }

  /** A range that was tried before goes on first: it was needed before all that wait. */
  synchronized boolean addFirst(RangeFetch fetch) {
    resting.remove(fetch);
    if (!closed) {
      waiting.addFirst(fetch);
    }
    return !closed;
  }

  /** The next range that may start now, if any; {@link #done} follows. */
  synchronized @Nullable RangeFetch poll() {
    RangeFetch next = waiting.peekFirst();
    long now = clock.getAsLong();
    if (next == null
        || running.size() >= concurrency.limit()
        || (!running.isEmpty() && runningBytes + next.length() > config.bytesMax())) {
      return null;
    }
    if (pace.nanosToNext(now) > 0) {
      heldBack = true;
      return null;
    }
    waiting.removeFirst();
    if (!next.isFrozen()) {
      byStart.remove(new Edge(next.object, next.offset()));
      byEnd.remove(new Edge(next.object, next.end()));
      next.freeze();
    }
    running.add(next);
    runningBytes += next.length();
    pace.started(now);
    return next;
  }

  /**
   * Nanoseconds until what the pace held back may start, at least one, though its time may have
   * come since: nobody else would look again. 0 if nothing was held back, or somebody was told
   * already, who calls {@link #woken} then.
   */
  synchronized long nextStart() {
    if (!heldBack || wakes || waiting.isEmpty()) {
      return 0;
    }
    heldBack = false;
    wakes = true;
    return Math.max(1, pace.nanosToNext(clock.getAsLong()));
  }

  /** The time has come that {@link #nextStart} told. */
  synchronized void woken() {
    wakes = false;
  }

  /** The range no longer runs. */
  synchronized void done(RangeFetch fetch) {
    if (running.remove(fetch)) {
      runningBytes -= fetch.length();
    }
  }

  /** The range has come whole. */
  synchronized void succeeded(RangeFetch fetch) {
    boolean full = running.size() >= concurrency.limit();
    done(fetch);
    concurrency.answered(fetch.length(), full, clock.getAsLong());
    pace.succeeded();
  }

  /** The range waits for its next attempt; false if the queue is closed. */
  synchronized boolean rest(RangeFetch fetch) {
    if (!closed) {
      resting.add(fetch);
    }
    return !closed;
  }

  /**
   * The store asked for fewer requests, or went silent.
   *
   * @param refused whether it asked
   */
  synchronized void throttled(boolean refused) {
    long now = clock.getAsLong();
    concurrency.throttled(now, THROTTLED_NANOS);
    if (refused) {
      pace.refused(now);
    }
  }

  /** Lets nothing more in; returns what waited or rested, for the caller to fail. */
  synchronized List<RangeFetch> close() {
    closed = true;
    List<RangeFetch> dropped = new ArrayList<>(waiting);
    dropped.addAll(resting);
    waiting.clear();
    resting.clear();
    byStart.clear();
    byEnd.clear();
    return dropped;
  }

  synchronized List<RangeFetch> running() {
    return List.copyOf(running);
  }

  synchronized int inFlight() {
    return running.size();
  }

  synchronized int queued() {
    return waiting.size() + resting.size();
  }

  synchronized int limit() {
    return concurrency.limit();
  }
}
