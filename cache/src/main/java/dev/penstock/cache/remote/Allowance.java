package dev.penstock.cache.remote;

/**
 * A token bucket that is filled by successes, not by time: it cannot feed an outage. Thread-safe.
 */
final class Allowance {
  private final double perSuccess;
  private final double most;
  private double tokens;

  Allowance(double atStart, double perSuccess, double most) {
    this.tokens = atStart;
    this.perSuccess = perSuccess;
    this.most = most;
  }

  synchronized void succeeded() {
    tokens = Math.min(most, tokens + perSuccess);
  }

  /** Takes one, if there is one. */
  boolean take() {
    return take(0);
  }

  /** How much of what may be saved up there is, 0 to 1. */
  synchronized double fill() {
    return tokens / most;
  }

  /** Takes one, if as many as {@code left} are left over then. */
  synchronized boolean take(double left) {
    if (tokens < 1 + left) {
      return false;
    }
    tokens -= 1;
    return true;
  }
}
