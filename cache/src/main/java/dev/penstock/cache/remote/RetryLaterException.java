package dev.penstock.cache.remote;

import dev.penstock.cache.origin.OriginException;
import java.io.IOException;

/** A temporary failure with which the store said how long to wait. */
public final class RetryLaterException extends IOException {
  private static final long serialVersionUID = 1L;

  private final OriginException failure;
  private final long millis;

  /** With the failure and the least pause that the store asked for. */
  public RetryLaterException(OriginException failure, long millis) {
    super(failure.getMessage(), failure);
    this.failure = failure;
    this.millis = Math.max(0, millis);
  }

  OriginException failure() {
    return failure;
  }

  long millis() {
    return millis;
  }
}
