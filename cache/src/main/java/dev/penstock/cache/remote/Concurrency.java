package dev.penstock.cache.remote;

/**
 * How many requests may be in flight: one more while that brings more bytes a second, fewer when it
 * does not, half when the store asks for fewer (additive increase, multiplicative decrease).
 *
 * <p>Judged once in each round of as many answers as are allowed in flight, so that a round sees
 * the effect of the step before it. Not thread-safe; guarded by its owner.
 */
final class Concurrency {
  /** A round must bring this much more than the best before it to count as better. */
  private static final double BETTER = 1.03;

  /** Below this share of the best rate, the store has become slower: learn its best anew. */
  private static final double WORSE = 0.7;

  /** Rounds without gain before one request is taken back, and looked again later. */
  private static final int FLAT_ROUNDS = 3;

  private final int most;
  private int limit;
  private double bestRate;
  private int flatRounds;
  private long roundBegan;
  private long roundBytes;
  private int roundAnswers;
  private boolean roundWasFull;
  private long decreasedAt;
  private boolean everDecreased;
  private boolean slowStart = true;

  Concurrency(int atStart, int most) {
    this.limit = atStart;
    this.most = most;
  }

  int limit() {
    return limit;
  }

  /**
   * An answer has come whole.
   *
   * @param wasFull whether as many requests as allowed were in flight, so that more could help
   */
  void answered(long bytes, boolean wasFull, long now) {
    if (roundAnswers == 0) {
      roundBegan = now;
      roundWasFull = true;
      roundBytes = 0;
      roundAnswers = 1;
      return;
    }
    roundBytes += bytes;
    roundWasFull &= wasFull;
    roundAnswers++;
    if (roundAnswers > limit + 1 && now > roundBegan) {
      judge(roundBytes / (double) (now - roundBegan));
      roundAnswers = 0;
    }
  }

  private void judge(double rate) {
    if (!roundWasFull) {
      return; // the readers asked for less than allowed: nothing was learnt of the store
    }
    if (rate > bestRate * BETTER) {
      bestRate = rate;
      flatRounds = 0;
      limit = Math.min(most, slowStart ? limit + Math.max(1, limit / 2) : limit + 1);
      return;
    }
    if (rate < bestRate * WORSE) {
      bestRate = rate;
    }
    flatRounds++;
    if (slowStart) {
      slowStart = false;
    } else if (flatRounds == FLAT_ROUNDS) {
      limit = Math.max(1, limit - 1);
    } else if (flatRounds > 4 * FLAT_ROUNDS) {
      // Look again from time to time: what the store sustains changes. The best is forgotten a
      // little, so that one lucky round does not hold the number down for good.
      bestRate *= 0.95;
      flatRounds = 0;
      limit = Math.min(most, limit + 1);
    }
  }

  /**
   * The store asked for fewer requests, or went silent. All requests in flight tell the same story,
   * so it is believed once in each {@code roundNanos}.
   */
  void throttled(long now, long roundNanos) {
    if (everDecreased && now - decreasedAt < roundNanos) {
      return;
    }
    everDecreased = true;
    decreasedAt = now;
    limit = Math.max(1, limit / 2);
    slowStart = false;
    bestRate = 0;
    flatRounds = 0;
    roundAnswers = 0;
  }
}
