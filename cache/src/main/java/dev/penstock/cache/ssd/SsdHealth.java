package dev.penstock.cache.ssd;

import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * Whether a device is worth asking: it is given up after repeated failures, and left alone for a
 * while when it is slow. Says so once in the log each time. Thread-safe.
 */
final class SsdHealth {
  /** Failed reads, writes or commits after which it is given up. */
  static final int FAILURES_MAX = 8;

  /** Blocks whose bytes were not those that were written, after which it is given up. */
  static final int CORRUPT_MAX = 64;

  /** A mean time of a read that no origin needs: the device is overloaded or breaking. */
  static final long SLOW_NANOS = 500_000_000L;

  /** How long a slow device is left alone. */
  static final long PAUSE_NANOS = 30_000_000_000L;

  private static final System.Logger LOG = System.getLogger(SsdHealth.class.getName());

  private final String device;
  private long failures;
  private long corrupt;
  private long slowPauses;
  private long meanNanos;
  private long pausedUntil;
  private volatile boolean paused;
  private volatile @Nullable String disabled;

  SsdHealth(String device) {
    this.device = device;
  }

  /** Whether it may be read and written now. */
  boolean isUsable(long now) {
    if (disabled != null) {
      return false;
    }
    return !paused || resumed(now);
  }

  private synchronized boolean resumed(long now) {
    if (now - pausedUntil < 0) {
      return false;
    }
    paused = false;
    meanNanos = 0;
    return true;
  }

  /** A read, write or commit failed. */
  synchronized void failed(String what) {
    failures++;
    if (failures == 1) {
      LOG.log(Level.WARNING, "{0}: {1}; the block is had elsewhere", device, what);
    }
    if (failures >= FAILURES_MAX) {
      disable("%d failures, the last: %s".formatted(failures, what));
    }
  }

  /** A block's bytes were wrong. */
  synchronized void corrupted(String block) {
    corrupt++;
    if (corrupt == 1) {
      LOG.log(Level.WARNING, "{0}: {1} has wrong bytes; it is dropped", device, block);
    }
    if (corrupt >= CORRUPT_MAX) {
      disable(corrupt + " blocks had wrong bytes");
    }
  }

  /** A read took so long, queueing included. */
  synchronized void took(long nanos, long now) {
    meanNanos += (nanos - meanNanos) / 16;
    if (meanNanos > SLOW_NANOS && !paused) {
      paused = true;
      pausedUntil = now + PAUSE_NANOS;
      if (slowPauses++ == 0) {
        LOG.log(
            Level.WARNING,
            "{0}: reads take {1} ms; it is left alone for {2} s",
            device,
            meanNanos / 1_000_000,
            PAUSE_NANOS / 1_000_000_000L);
      }
    }
  }

  /** Gives the device up until the next start. */
  synchronized void disable(String reason) {
    if (disabled == null) {
      disabled = reason;
      LOG.log(
          Level.ERROR, "{0}: not used any more, {1}; the run goes on without it", device, reason);
    }
  }

  synchronized long failures() {
    return failures;
  }

  synchronized long corrupt() {
    return corrupt;
  }

  /** "ok", or why it is not used. */
  synchronized String describe() {
    String reason = disabled;
    if (reason != null) {
      return "not used: " + reason;
    }
    return paused ? "left alone for a while: slow" : "ok";
  }
}
