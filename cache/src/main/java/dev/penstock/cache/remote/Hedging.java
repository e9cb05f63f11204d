package dev.penstock.cache.remote;

import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;

/**
 * Second requests for ranges that are late, as {@link HedgeRule} says. A token bucket that only
 * successes fill keeps them a small share of all, so that a slow store is not asked for more; half
 * of it is kept for ranges that are needed.
 */
final class Hedging {
  /** Tokens that quiet times may save up, in second requests. */
  private static final double SAVED_MAX = 16;

  /** Those that only ranges whose slack runs out may have. */
  private static final double RESERVED = SAVED_MAX / 2;

  private final RemoteConfig config;
  private final Latencies latencies;
  private final HedgeRule rule;
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
    this.rule = new HedgeRule(latencies, config.hedgeMillisMin());
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
    long now = System.nanoTime();
    HedgeRule.Verdict verdict =
        rule.judge(
            fetch.length() - attempt.start,
            now - attempt.lastByteNanos(),
            now - attempt.beganNanos,
            allowance.fill(),
            fetch::slackNanos);
    boolean granted =
        switch (verdict.ask()) {
          case NOT_YET -> false;
          case IF_SPARE -> allowance.take(RESERVED);
          case NOW -> allowance.take();
        };
    if (granted) {
      hedge(fetch, attempt, now);
    } else {
      later(fetch, attempt, verdict.againNanos());
    }
  }

  private void hedge(RangeFetch fetch, RangeFetch.Attempt attempt, long now) {
    attempt.hedged = true;
    long waited = now - attempt.beganNanos;
    long firstByte = attempt.firstByteNanos();
    latencies.add(fetch.length() - attempt.start, firstByte < 0 ? waited : firstByte, waited);
    started.increment();
    if (!second.test(fetch)) {
      attempt.hedged = false;
      later(fetch, attempt, HedgeRule.UNKNOWN_NANOS);
    }
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
