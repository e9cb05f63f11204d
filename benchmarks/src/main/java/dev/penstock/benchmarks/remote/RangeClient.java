package dev.penstock.benchmarks.remote;

import java.io.IOException;
import java.util.concurrent.ExecutionException;

/** One way to read ranges. */
interface RangeClient extends AutoCloseable {
  /** For the table. */
  String name();

  /**
   * Reads objects {@code o0, o1, ...} of {@code objectBytes} each, once, in ranges, and throws the
   * bytes away; {@code latencies} receives the nanoseconds of each range.
   */
  void pass(Work work, Latency latencies)
      throws IOException, InterruptedException, ExecutionException;

  @Override
  void close();

  /**
   * What a pass reads.
   *
   * @param port of the server on loopback
   * @param objects how many
   * @param objectBytes size of each
   * @param rangeBytes of a request
   * @param depth requests in flight
   */
  record Work(int port, int objects, long objectBytes, int rangeBytes, int depth) {
    long bytes() {
      return objects * objectBytes;
    }

    int ranges() {
      return Math.toIntExact(bytes() / rangeBytes);
    }

    int object(int range) {
      return Math.toIntExact(range * (long) rangeBytes / objectBytes);
    }

    long offset(int range) {
      return range * (long) rangeBytes % objectBytes;
    }
  }

  /** Told how long each range took. */
  @FunctionalInterface
  interface Latency {
    /** Any thread. */
    void took(long nanos);
  }
}
