package dev.penstock.bridge;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A descriptor that is closed exactly once, and never under a call that uses it: its number might
 * be another file's by then. The last of {@link #close} and the calls in progress closes it.
 */
final class OwnedDescriptor {
  private static final int CLOSED = 1 << 30;

  private final String what;
  private final int fd;

  /** Calls in progress, plus {@link #CLOSED}. */
  private final AtomicInteger uses = new AtomicInteger();

  OwnedDescriptor(String what, int fd) {
    this.what = what;
    this.fd = fd;
  }

  /** The number, for handing to others; they use it before this object is closed. */
  int number() {
    if (isClosed()) {
      throw closed();
    }
    return fd;
  }

  /** The number, closed or not: for the wake of {@link #close(Runnable)} only. */
  int rawNumber() {
    return fd;
  }

  /** The number, for a call that {@link #release} follows. */
  int acquire() {
    while (true) {
      int now = uses.get();
      if (now >= CLOSED) {
        throw closed();
      }
      if (uses.compareAndSet(now, now + 1)) {
        return fd;
      }
    }
  }

  void release() {
    if (uses.decrementAndGet() == CLOSED) {
      FileCalls.close(fd);
    }
  }

  boolean isClosed() {
    return uses.get() >= CLOSED;
  }

  private IllegalStateException closed() {
    return new IllegalStateException(what + " is closed");
  }

  void close() {
    close(() -> {});
  }

  /** Closes; {@code wake} runs while the number is still ours, to end the calls in progress. */
  void close(Runnable wake) {
    while (true) {
      int now = uses.get();
      if (now >= CLOSED) {
        throw new IllegalStateException(what + " was closed already");
      }
      // Counts as a call itself until the others are woken.
      if (uses.compareAndSet(now, now + 1 + CLOSED)) {
        break;
      }
    }
    wake.run();
    release();
  }
}
