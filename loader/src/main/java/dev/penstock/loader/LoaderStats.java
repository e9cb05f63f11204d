package dev.penstock.loader;

import java.util.List;
import java.util.Locale;

/**
 * An immutable picture of a session's counters.
 *
 * @param batches published so far
 * @param samples published so far
 * @param payloadBytes of all columns published so far
 * @param badSamples left out or replaced so far
 * @param wallNanos since the session started
 * @param consumerWaitNanos the consumer waited for a batch
 * @param stages what each stage did
 * @param causes where gathering waited, longest first
 * @param sources of a mixture, with the rows of each; empty for one dataset
 */
public record LoaderStats(
    long batches,
    long samples,
    long payloadBytes,
    long badSamples,
    long wallNanos,
    long consumerWaitNanos,
    List<Stage> stages,
    List<Cause> causes,
    List<Source> sources) {
  /**
   * One stage: starved means that it waited for its input, blocked that it waited for room.
   *
   * @param name of the stage
   * @param samples that passed it
   * @param bytes that passed it
   * @param busyNanos it worked, summed over its threads
   * @param starvedNanos it waited for input, summed over its threads
   * @param blockedNanos it waited for room, summed over its threads
   */
  public record Stage(
      String name,
      long samples,
      long bytes,
      long busyNanos,
      long starvedNanos,
      long blockedNanos) {}

  /**
   * Why the consumer waited.
   *
   * @param name origin, decompress or gather
   * @param nanos how long
   */
  public record Cause(String name, long nanos) {}

  /**
   * One source of a mixture.
   *
   * @param name of the source
   * @param samples of it that were gathered
   */
  public record Source(String name, long samples) {}

  /** Copies. */
  public LoaderStats {
    stages = List.copyOf(stages);
    causes = List.copyOf(causes);
    sources = List.copyOf(sources);
  }

  /** Samples per second of wall time. */
  public double samplesPerSecond() {
    return wallNanos == 0 ? 0 : samples * 1e9 / wallNanos;
  }

  /** Payload bytes per second of wall time. */
  public double bytesPerSecond() {
    return wallNanos == 0 ? 0 : payloadBytes * 1e9 / wallNanos;
  }

  /** One line that says what limits the run. */
  public String verdict() {
    double waited = wallNanos == 0 ? 0 : (double) consumerWaitNanos / wallNanos;
    if (waited < 0.05) {
      return String.format(
          Locale.ROOT,
          "the consumer is the limit: it waited for data %.1f %% of the time",
          waited * 100);
    }
    String cause = causes.isEmpty() ? "start-up" : causes.getFirst().name();
    String advice =
        switch (cause) {
          case "origin" -> "storage is slower than the consumer";
          case "decompress" ->
              "decompression is the limit; more --cpus or shards of more frames help";
          case "gather" -> "gathering is the limit; more --cpus help";
          default -> "the run was too short to say more";
        };
    return String.format(
        Locale.ROOT,
        "the consumer waited for data %.1f %% of the time, mostly for %s: %s",
        waited * 100,
        cause,
        advice);
  }
}
