package dev.penstock.cache.remote;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;

/**
 * Second requests for ranges whose first is silent for twice the time in which 95 of 100 first
 * bytes come, or takes twice as long as 95 of 100 of its size. A token bucket that only successes
 * fill keeps them a small share of all requests, so that a slow store is not asked for more.
 */
final class Hedging {
  /** How often to look while too few answers are known to tell what slow is. */
  private static final long UNKNOWN_NANOS = 100_000_000L;

  /** Tokens that quiet times may save up, in second requests. */
  private static final double SAVED_MAX = 16;

  private static final double TOLERANCE = 2;

  private final RemoteConfig config;
  private final Latencies latencies;
  private final ScheduledExecutorService timers;
  private final Predicate<RangeFetch> second;
  private final Allowance allowance;
  private final LongAdder started = new LongAdder();
  private final LongAdder wins = new LongAdder();

  /** {@code second} starts another attempt and says whether it could. */
  Hedging(
      RemoteConfig config,
      Latencies latencies,
      ScheduledExecutorService timers,
      Predicate<RangeFetch> second) {
    this.config = config;
    this.latencies = latencies;
    this.timers = timers;
    this.second = second;
    this.allowance = new Allowance(0, config.hedgesPerRequest(), SAVED_MAX);
  }

  /** Watches an attempt until it ends. */
  void watch(RangeFetch fetch, RangeFetch.Attempt attempt) {
    if (config.hedgesPerRequest() > 0) {
      look(fetch, attempt);
    }
  }

  private void look(RangeFetch fetch, RangeFetch.Attempt attempt) {
    if (!fetch.isAlone(attempt)) {
      return;
    }
    long first = latencies.firstByteNanos();
    if (first < 0) {
      later(fetch, attempt, UNKNOWN_NANOS);
      return;
    }
    long now = System.nanoTime();
    long whole = latencies.wholeNanos(fetch.length() - attempt.start);
    long due = limit(first) - (now - attempt.lastByteNanos());
    if (whole >= 0) {
      due = Math.min(due, limit(whole) - (now - attempt.beganNanos));
    }
    if (due <= 0) {
      if (allowance.take()) {
        started.increment();
        if (!second.test(fetch)) {
          later(fetch, attempt, UNKNOWN_NANOS);
        }
        return;
      }
      due = limit(first);
    }
    later(fetch, attempt, due);
  }

  private long limit(long nanos) {
    return Math.max(
        TimeUnit.MILLISECONDS.toNanos(config.hedgeMillisMin()), (long) (TOLERANCE * nanos));
  }

  private void later(RangeFetch fetch, RangeFetch.Attempt attempt, long nanos) {
    try {
      attempt.timer = timers.schedule(() -> look(fetch, attempt), nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException _) {
      // The origin is being closed.
    }
  }

  /** Another request came whole without help. */
  void succeeded() {
    allowance.succeeded();
  }

  void won() {
    wins.increment();
  }

  long started() {
    return started.sum();
  }

  long wins() {
    return wins.sum();
  }
}
