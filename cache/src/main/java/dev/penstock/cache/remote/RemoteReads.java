package dev.penstock.cache.remote;

import dev.penstock.cache.http.HttpCall;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.origin.OriginStats;
import dev.penstock.cache.origin.RangeRead;
import dev.penstock.cache.origin.StoredObject;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Reads ranges through a {@link RangeTransport}: in the order they were asked for, neighbours
 * together, as many at a time as the store sustains; broken bodies resumed, failures tried again
 * under budgets, silent ones asked for twice. Thread-safe.
 *
 * <p>Requests block platform threads: a blocking read of a socket is the cheapest way of all that
 * the JDK has to move bulk bytes (docs/remote.md), and their number is bounded.
 */
public final class RemoteReads implements AutoCloseable {
  private static final long THREAD_STACK_BYTES = 512 << 10;
  private static final long IDLE_THREAD_SECONDS = 10;
  private static final long CLOSE_SECONDS = 10;

  private final RangeTransport transport;
  private final FetchQueue queue;
  private final Latencies latencies = new Latencies();
  private final Hedging hedging;
  private final RetryPolicy retryPolicy;
  private final ExecutorService threads;
  private final ScheduledThreadPoolExecutor timers;
  private final LongAdder requests = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final LongAdder wasted = new LongAdder();
  private final LongAdder throttled = new LongAdder();
  private final LongAdder timeouts = new LongAdder();
  private final LongAdder failures = new LongAdder();

  /** Reads through {@code transport}, which stays the caller's; {@code name} is for threads. */
  public RemoteReads(String name, RemoteConfig config, RangeTransport transport) {
    this.transport = transport;
    this.queue = new FetchQueue(config);
    this.retryPolicy = new RetryPolicy(config);
    // Requests in flight and a second one for each at most: no more threads work. A bound here too
    // would refuse a request while the thread of the one before it is on its way to being idle.
    this.threads =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_THREAD_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform()
                .daemon()
                .stackSize(THREAD_STACK_BYTES)
                .name("penstock-" + name + "-", 0)
                .factory());
    this.timers =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("penstock-" + name + "-timers").factory());
    timers.setRemoveOnCancelPolicy(true);
    this.hedging = new Hedging(config, latencies, timers, this::second);
  }

  /** Starts a read and returns; its sink hears of each block. Neighbours may be read with it. */
  public void read(StoredObject object, RangeRead read) {
    if (!queue.add(object, read)) {
      for (int block = 0; block < read.blockCount(); block++) {
        read.sink().failed(block, closed(object));
      }
      return;
    }
    dispatch();
  }

  /**
   * Reads on the calling thread, with the same retries; the range must end inside the object.
   *
   * @throws OriginException if the bytes cannot be had; never {@link Retry#TEMPORARY}
   */
  public void now(
      StoredObject object, long offset, MemorySegment target, long targetOffset, int length)
      throws OriginException {
    NowBody body = new NowBody(target, targetOffset, length);
    RetryPolicy.History history = new RetryPolicy.History();
    while (body.placed() < length) {
      IOException failure = null;
      int before = body.placed();
      requests.increment();
      try {
        transport.get(
            object, offset + before, length - before, body, new HttpCall(), history.failed());
        if (body.placed() < length) {
          failure = new EOFException("the answer ended early");
        }
      } catch (IOException e) {
        failure = e;
      }
      bytes.add(body.placed() - before);
      if (failure == null) {
        retryPolicy.succeeded();
        return;
      }
      note(failure);
      history.progressed(body.placed() > before);
      RetryPolicy.Verdict verdict =
          retryPolicy.judge(
              object, offset + body.placed(), length - body.placed(), failure, history);
      if (verdict.failure() != null) {
        failures.increment();
        throw verdict.failure();
      }
      pause(object, verdict.pauseMillis());
    }
  }

  private static void pause(StoredObject object, long millis) throws OriginException {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new OriginException(
          Kind.CANCELLED, Retry.PERMANENT, object.location(), "interrupted while reading");
    }
  }

  private void dispatch() {
    for (RangeFetch next = queue.poll(); next != null; next = queue.poll()) {
      RangeFetch fetch = next;
      try {
        threads.execute(() -> work(fetch, fetch.history.failed()));
      } catch (RejectedExecutionException _) {
        queue.done(fetch);
        fetch.fail(closed(fetch.object));
      } catch (OutOfMemoryError noThread) {
        queue.done(fetch);
        fetch.fail(noThread(fetch.object, noThread));
      }
    }
    dispatchLater();
  }

  /** What the pace holds back starts when its time has come. */
  private void dispatchLater() {
    long nanos = queue.nextStart();
    if (nanos > 0) {
      Runnable then =
          () -> {
            queue.woken();
            dispatch();
          };
      try {
        var _ = timers.schedule(then, nanos, TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException _) {
        // The origin is being closed, which fails all that waits.
      }
    }
  }

  private static OriginException closed(StoredObject object) {
    return new OriginException(
        Kind.CANCELLED, Retry.PERMANENT, object.location(), "the origin is closed");
  }

  private static OriginException noThread(StoredObject object, OutOfMemoryError why) {
    return new OriginException(
            Kind.FAILED,
            Retry.PERMANENT,
            object.location(),
            "no thread could be started to read it: %s; look at the limits of threads (ulimit -u) and memory"
                .formatted(why.getMessage()))
        .causedBy(why);
  }

  /** A second request beside one that is silent; false if there is no thread for it. */
  private boolean second(RangeFetch fetch) {
    try {
      threads.execute(() -> work(fetch, true));
      return true;
    } catch (RejectedExecutionException | OutOfMemoryError _) {
      return false;
    }
  }

  /**
   * Attempts a range, and then what waits: the thread that has just become free is awake, and
   * waking another one costs more processor time than asking for the next range.
   */
  private void work(RangeFetch first, boolean fresh) {
    attempt(first, fresh);
    for (RangeFetch next = queue.poll(); next != null; next = queue.poll()) {
      dispatch(); // more than one may start when the limit has risen, or a range was cut short
      attempt(next, next.history.failed());
    }
    dispatchLater();
  }

  private void attempt(RangeFetch fetch, boolean fresh) {
    RangeFetch.Attempt attempt = fetch.begin();
    if (attempt == null) {
      return; // a second request that came too late
    }
    requests.increment();
    if (!attempt.second) {
      hedging.watch(fetch, attempt);
    }
    IOException failure = null;
    try {
      transport.get(
          fetch.object,
          fetch.offset() + attempt.start,
          fetch.length() - attempt.start,
          attempt,
          attempt.call,
          fresh);
      if (!attempt.isWhole()) {
        failure = new EOFException("the answer ended early");
      }
    } catch (IOException e) {
      failure = e;
    } catch (RuntimeException | Error e) {
      failure =
          new OriginException(
                  Kind.FAILED, Retry.PERMANENT, fetch.object.location(), "internal error: " + e)
              .causedBy(e);
    }
    ended(fetch, attempt, failure);
  }

  private void ended(RangeFetch fetch, RangeFetch.Attempt attempt, @Nullable IOException failure) {
    bytes.add(attempt.bytes());
    boolean lost = failure != null && fetch.isComplete();
    if (lost) {
      wasted.add(attempt.bytes());
    } else if (failure != null) {
      note(failure);
    } else if (attempt.second) {
      if (attempt.wasDecisive()) {
        hedging.won();
      }
    } else if (!fetch.wasShared()) {
      latencies.add(
          fetch.length() - attempt.start,
          attempt.firstByteNanos(),
          System.nanoTime() - attempt.beganNanos);
    }
    switch (fetch.leave(attempt, lost ? null : failure)) {
      case RUNNING -> {}
      case COMPLETE -> {
        retryPolicy.succeeded();
        hedging.succeeded();
        queue.succeeded(fetch);
      }
      case BROKEN -> broken(fetch);
    }
  }

  /** Counts a failure, and slows down if the store asks for it. */
  private void note(IOException failure) {
    Kind kind = RetryPolicy.kindOf(failure);
    if (kind == Kind.THROTTLED) {
      throttled.increment();
      queue.throttled(true);
    } else if (kind == Kind.TIMED_OUT) {
      timeouts.increment();
      queue.throttled(false);
    }
  }

  private void broken(RangeFetch fetch) {
    queue.done(fetch);
    IOException failure = fetch.failure();
    RetryPolicy.Verdict verdict =
        retryPolicy.judge(
            fetch.object,
            fetch.offset() + fetch.position(),
            fetch.length() - fetch.position(),
            failure == null ? new EOFException("the answer ended early") : failure,
            fetch.noteProgress());
    if (verdict.failure() != null) {
      failures.increment();
      fetch.fail(verdict.failure());
    } else if (!queue.rest(fetch) || !again(fetch, verdict.pauseMillis())) {
      fetch.fail(closed(fetch.object));
    }
  }

  /** Puts a range back into the queue after a pause; false if the origin is being closed. */
  private boolean again(RangeFetch fetch, long pauseMillis) {
    Runnable next =
        () -> {
          if (queue.addFirst(fetch)) {
            dispatch();
          }
        };
    try {
      var _ = timers.schedule(next, pauseMillis, TimeUnit.MILLISECONDS);
      return true;
    } catch (RejectedExecutionException _) {
      return false;
    }
  }

  /**
   * What was done so far.
   *
   * @param openConnections of the transport, now
   */
  public OriginStats stats(int openConnections) {
    return new OriginStats(
        requests.sum(),
        bytes.sum(),
        wasted.sum(),
        retryPolicy.retries(),
        retryPolicy.resumes(),
        hedging.started(),
        hedging.wins(),
        throttled.sum(),
        timeouts.sum(),
        failures.sum(),
        queue.inFlight(),
        queue.queued(),
        queue.limit(),
        openConnections);
  }

  /** Bytes that a transport received and threw away. */
  public void discarded(long count) {
    wasted.add(count);
  }

  /** Fails what waits, cancels what runs, and waits for its threads. */
  @Override
  public void close() {
    for (RangeFetch waiting : queue.close()) {
      waiting.fail(closed(waiting.object));
    }
    queue.running().forEach(RangeFetch::cancelAttempts);
    timers.shutdownNow();
    threads.shutdown();
    try {
      if (!threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        threads.shutdownNow();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
