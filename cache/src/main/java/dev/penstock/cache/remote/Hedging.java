package dev.penstock.cache.remote;

import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;

/**
 * Second requests for ranges that are late: silent for longer than 95 of 100 answers before their
 * first byte, or longer under way than 95 of 100 of their size. Much longer while the plan has
 * time; a little, once somebody waits for the bytes. A token bucket that only successes fill keeps
 * second requests a small share of all, so that a slow store is not asked for more; half of it is
 * kept for ranges that somebody waits for.
 */
final class Hedging {
  /** How often to look while too few answers are known to tell what slow is. */
  private static final long UNKNOWN_NANOS = 100_000_000L;

  /** Tokens that quiet times may save up, in second requests. */
  private static final double SAVED_MAX = 16;

  /** Those that only ranges with a waiter may have. */
  private static final double RESERVED = SAVED_MAX / 2;

  private static final double TOLERANCE = 2;

  /** So much above the usual that a store's ordinary spread does not use the tokens up. */
  private static final double TOLERANCE_AWAITED = 1.25;

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
      fetch.whenAwaited(() -> lookAtOnce(fetch, attempt));
    }
  }

  private void lookAtOnce(RangeFetch fetch, RangeFetch.Attempt attempt) {
    try {
      timers.execute(
          () -> {
            Future<?> planned = attempt.timer;
            if (planned != null) {
              planned.cancel(false);
            }
            look(fetch, attempt);
          });
    } catch (RejectedExecutionException _) {
      // The origin is being closed.
    }
  }

  private void look(RangeFetch fetch, RangeFetch.Attempt attempt) {
    if (attempt.hedged || !fetch.isAlone(attempt)) {
      return;
    }
    boolean awaited = fetch.isAwaited();
    long first = latencies.firstByteNanos();
    if (first < 0) {
      later(fetch, attempt, UNKNOWN_NANOS);
      return;
    }
    long now = System.nanoTime();
    long whole = latencies.wholeNanos(fetch.length() - attempt.start);
    long due = limit(first, awaited) - (now - attempt.lastByteNanos());
    if (whole >= 0) {
      due = Math.min(due, limit(whole, awaited) - (now - attempt.beganNanos));
    }
    if (due <= 0) {
      if (allowance.take(awaited ? 0 : RESERVED)) {
        hedge(fetch, attempt, now);
        return;
      }
      due = limit(first, awaited);
    }
    later(fetch, attempt, due);
  }

  private void hedge(RangeFetch fetch, RangeFetch.Attempt attempt, long now) {
    attempt.hedged = true;
    long waited = now - attempt.beganNanos;
    long firstByte = attempt.firstByteNanos();
    latencies.add(fetch.length() - attempt.start, firstByte < 0 ? waited : firstByte, waited);
    started.increment();
    if (!second.test(fetch)) {
      attempt.hedged = false;
      later(fetch, attempt, UNKNOWN_NANOS);
    }
  }

  private long limit(long nanos, boolean awaited) {
    double tolerance = awaited ? TOLERANCE_AWAITED : TOLERANCE;
    return Math.max(
        TimeUnit.MILLISECONDS.toNanos(config.hedgeMillisMin()), (long) (tolerance * nanos));
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
