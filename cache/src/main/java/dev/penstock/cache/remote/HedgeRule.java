package dev.penstock.cache.remote;

import dev.penstock.cache.origin.RangeRead;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * When a range is asked for a second time: if it is late, and its slack does not allow to wait any
 * longer than a second request takes. With more slack it may come by itself meanwhile, and leaves
 * its second request to ranges that need theirs, unless it is silent for so long that its store
 * would soon be taken for busy. Where nobody knows the slack, a range has to be twice as late as
 * usual. Arithmetic alone; thread-safe.
 *
 * <p>Late is what takes longer than 95 of 100; the more so the fewer second requests are saved up.
 * So as many are made as a store's ordinary spread and its stalls together may use, each as early
 * as that allows, and a few are always left for a stall.
 */
final class HedgeRule {
  /** How often to look while too few answers are known to tell what late is. */
  static final long UNKNOWN_NANOS = 100_000_000L;

  /** A plan may quicken: a late range with slack is looked at again after so long at most. */
  private static final long AGAIN_NANOS_MAX = 100_000_000L;

  private static final long AGAIN_NANOS_MIN = 1_000_000L;

  /**
   * So long a silence is no spread any more. At twice as much requests time out, and for each that
   * does fewer may be in flight, of all sessions.
   */
  private static final long HUNG_NANOS = 5_000_000_000L;

  /**
   * What a second request takes, in times that 95 of 100 first ones take: a connection of its own
   * costs a round trip, with TLS two, and even then it should be in time.
   */
  private static final double SECOND = 2;

  /** How much longer than 95 of 100 while no second request is saved up. */
  private static final double SPREAD = 1.5;

  private static final double TOLERANCE_UNKNOWN = 2;

  private final Latencies latencies;
  private final long nanosMin;

  /** What to do with a range now. */
  enum Ask {
    /** Wait. */
    NOT_YET,
    /** Ask again if there are more second requests than need be kept for others. */
    IF_SPARE,
    /** Ask again. */
    NOW
  }

  /**
   * A judgement.
   *
   * @param againNanos when to look again, if it is not asked for now
   */
  record Verdict(Ask ask, long againNanos) {}

  /** No second request before {@code millisMin} of silence. */
  HedgeRule(Latencies latencies, long millisMin) {
    this.latencies = latencies;
    this.nanosMin = TimeUnit.MILLISECONDS.toNanos(millisMin);
  }

  /**
   * Judges a range.
   *
   * @param bytes that were asked for
   * @param silentNanos since its last byte, or since it was asked for
   * @param totalNanos since it was asked for
   * @param saved how much of the second requests that may be saved up there is, 0 to 1
   * @param slack as {@link RangeRead#slackNanos}; asked for only if the range is late
   */
  Verdict judge(long bytes, long silentNanos, long totalNanos, double saved, LongSupplier slack) {
    long first = latencies.firstByteNanos();
    if (first < 0) {
      return new Verdict(Ask.NOT_YET, UNKNOWN_NANOS);
    }
    long whole = latencies.wholeNanos(bytes);
    double tolerance = 1 + SPREAD * (1 - saved);
    long due = due(tolerance, first, whole, silentNanos, totalNanos);
    if (due > 0) {
      return new Verdict(Ask.NOT_YET, due);
    }
    long again = limit(tolerance, first);
    long left = slack.getAsLong();
    if (left == RangeRead.Sink.UNKNOWN) {
      long overdue = due(TOLERANCE_UNKNOWN, first, whole, silentNanos, totalNanos);
      return overdue <= 0
          ? new Verdict(Ask.IF_SPARE, again)
          : new Verdict(Ask.NOT_YET, Math.min(again, Math.max(overdue, AGAIN_NANOS_MIN)));
    }
    long second = (long) (SECOND * (whole < 0 ? first : whole));
    if (left <= second) {
      return new Verdict(Ask.NOW, again);
    }
    return new Verdict(
        silentNanos >= HUNG_NANOS ? Ask.IF_SPARE : Ask.NOT_YET,
        Math.clamp(left - second, AGAIN_NANOS_MIN, AGAIN_NANOS_MAX));
  }

  /** Nanoseconds until it is late by either measure. */
  private long due(double tolerance, long first, long whole, long silentNanos, long totalNanos) {
    long due = limit(tolerance, first) - silentNanos;
    return whole < 0 ? due : Math.min(due, limit(tolerance, whole) - totalNanos);
  }

  private long limit(double tolerance, long nanos) {
    return Math.max(nanosMin, (long) (tolerance * nanos));
  }
}
