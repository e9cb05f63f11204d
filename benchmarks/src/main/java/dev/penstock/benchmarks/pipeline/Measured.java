package dev.penstock.benchmarks.pipeline;

/**
 * One round of one contender.
 *
 * @param bytes of the shards' files
 * @param samples delivered, 0 where the contender knows none
 * @param seconds of wall time
 * @param cpuSeconds of processor time, user and system, all threads
 */
record Measured(long bytes, long samples, double seconds, double cpuSeconds) {
  private static final double GIB = 1L << 30;

  double gigabytesPerSecond() {
    return bytes / 1e9 / seconds;
  }

  double samplesPerSecond() {
    return samples / seconds;
  }

  /** What one GiB of the files costs. */
  double cpuSecondsPerGib() {
    return cpuSeconds / (bytes / GIB);
  }

  /** How fast it would be with one processor all to itself. */
  double gigabytesPerCpuSecond() {
    return bytes / 1e9 / cpuSeconds;
  }
}
