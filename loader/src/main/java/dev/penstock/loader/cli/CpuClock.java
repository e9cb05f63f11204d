package dev.penstock.loader.cli;

import java.time.Duration;

/** Processor time of this process, all threads, since a moment. Resolution: 10 ms. */
final class CpuClock {
  private final long began;

  private CpuClock(long began) {
    this.began = began;
  }

  static CpuClock start() {
    return new CpuClock(now());
  }

  /** Processor time used since the start, 0 where the system does not tell. */
  long nanos() {
    return now() - began;
  }

  private static long now() {
    return ProcessHandle.current().info().totalCpuDuration().map(Duration::toNanos).orElse(0L);
  }
}
