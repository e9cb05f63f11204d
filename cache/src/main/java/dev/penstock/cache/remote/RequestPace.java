package dev.penstock.cache.remote;

/**
 * How far apart requests start while a store refuses those that come too fast. Fewer in flight do
 * not help there: refusals are quick, so even one request after the other comes too fast. Each
 * refusal widens the gap by half, each success narrows it by 7 %, which rests where some 15 % are
 * refused: fewer than the budget of retries is filled for.
 *
 * <p>Not thread-safe; guarded by its owner.
 */
final class RequestPace {
  private static final long FIRST_GAP_NANOS = 5_000_000;

  /** A narrower gap is none. */
  private static final long LEAST_GAP_NANOS = 1_000_000;

  /** Slower than that is left to each range's own pauses: refusals may have other reasons. */
  private static final long MOST_GAP_NANOS = 250_000_000;

  private long gap;
  private long startedAt;
  private long widenedAt;

  /** Nanoseconds until the next request may start; 0 if it may now. */
  long nanosToNext(long now) {
    return gap == 0 ? 0 : Math.max(0, gap - (now - startedAt));
  }

  /** A request starts. */
  void started(long now) {
    startedAt = now;
  }

  /** Those in flight together tell the same story, so one of them is believed in each gap. */
  void refused(long now) {
    if (gap == 0) {
      gap = FIRST_GAP_NANOS;
    } else if (now - widenedAt >= gap) {
      gap = Math.min(MOST_GAP_NANOS, gap + gap / 2);
    } else {
      return;
    }
    widenedAt = now;
  }

  /** An answer has come whole. */
  void succeeded() {
    gap = gap < LEAST_GAP_NANOS ? 0 : gap * 93 / 100;
  }
}
