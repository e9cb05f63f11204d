package dev.penstock.benchmarks.remote;

import dev.penstock.benchmarks.remote.PacedReader.Times;
import dev.penstock.benchmarks.remote.RangeClient.Work;
import dev.penstock.cache.origin.OriginStats;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How long ranges take, and how late they come, from a store that answers after 10 ms and stalls 1
 * % of its answers for 1 s: at full load, where client and server use up the processors and times
 * spread without any stall; at a quarter of that load, each range needed at once; and for a reader
 * at half of it who asks for ranges some time before it needs them.
 */
final class StallBenchmark {
  private static final int RANGE_BYTES = 1 << 20;
  private static final int RANGES = 4096;
  private static final int WARM_RANGES = 1024;
  private static final double LOAD_AT_ONCE = 0.25;
  private static final double LOAD_AHEAD = 0.5;

  /** Ranges that the reader has asked for and not needed yet: 64 MiB of a session's memory. */
  private static final int AHEAD = 64;

  /** In flight at most, as by default, where a reader has a pace. */
  private static final int REQUESTS = 128;

  private final PrintStream out;
  private final Server server;
  private final String url;
  private final Work work;

  /** Takes orders, see {@link RangeServer}. */
  @FunctionalInterface
  interface Server {
    long order(String text) throws IOException;
  }

  /** One way of asking. */
  @FunctionalInterface
  private interface Asking {
    Times ask(OriginClient client, Row row, int ranges) throws IOException, InterruptedException;
  }

  private enum Row {
    NONE("no stalls", "0"),
    ALONE("no second requests", "0"),
    UNKNOWN("second requests, slack not known", "0.02"),
    KNOWN("second requests, slack known", "0.02");

    final String text;
    final String hedges;

    Row(String text, String hedges) {
      this.text = text;
      this.hedges = hedges;
    }
  }

  /** Over the objects of {@code large}, with as many requests in flight at full load. */
  StallBenchmark(PrintStream out, Server server, String url, Work large) {
    this.out = out;
    this.server = server;
    this.url = url;
    this.work =
        new Work(large.port(), large.objects(), large.objectBytes(), RANGE_BYTES, large.depth());
  }

  void run() throws IOException, InterruptedException {
    say("");
    say("10 ms added, 1 %% of the answers stalled for 1 s, ranges of 1 MiB that are not joined");
    server.order("latency 10");
    double full = full();
    double quarter = LOAD_AT_ONCE * full;
    head("%.0f ranges/s (%.0f %%), needed at once".formatted(quarter, 100 * LOAD_AT_ONCE));
    for (Row row : new Row[] {Row.NONE, Row.ALONE, Row.KNOWN}) {
      measure(row, REQUESTS, (client, _, n) -> new PacedReader(client, work, quarter).atOnce(n));
    }
    double half = LOAD_AHEAD * full;
    head(
        "%.0f ranges/s (%.0f %%), asked %.0f ms ahead"
            .formatted(half, 100 * LOAD_AHEAD, 1e3 * AHEAD / half));
    for (Row row : Row.values()) {
      measure(
          row,
          REQUESTS,
          (client, of, n) ->
              new PacedReader(client, work, half).ahead(n, AHEAD, of != Row.UNKNOWN));
    }
    server.order("latency 0");
  }

  /** Returns ranges a second without stalls. */
  private double full() throws IOException, InterruptedException {
    head("full load, %d in flight".formatted(work.depth()));
    double[] rate = new double[1];
    for (Row row : Row.values()) {
      measure(
          row,
          work.depth(),
          (client, of, n) -> {
            long[] took = new long[n];
            AtomicInteger at = new AtomicInteger();
            long slack = of == Row.KNOWN ? 0 : Long.MAX_VALUE;
            long began = System.nanoTime();
            for (int range = 0; range < n; range++) {
              var _ =
                  client.start(
                      work,
                      range % work.ranges(),
                      () -> slack,
                      nanos -> took[at.getAndIncrement()] = nanos);
            }
            client.drain();
            if (of == Row.NONE) {
              rate[0] = n / ((System.nanoTime() - began) / 1e9);
            }
            return new Times(took, took);
          });
    }
    return rate[0];
  }

  private void measure(Row row, int requests, Asking asking)
      throws IOException, InterruptedException {
    Map<String, String> options =
        Map.of(
            "remote.requests",
            Integer.toString(requests),
            "remote.request-bytes",
            Integer.toString(RANGE_BYTES),
            "remote.hedges",
            row.hedges);
    server.order("stall 0 1000");
    try (OriginClient client = new OriginClient("stalls", url, work, options, 2 * requests)) {
      var _ = asking.ask(client, row, WARM_RANGES);
      server.order(row == Row.NONE ? "stall 0 1000" : "stall 0.01 1000");
      OriginStats before = client.stats();
      Times times = asking.ask(client, row, RANGES);
      OriginStats after = client.stats();
      server.order("stall 0 1000");
      long requested = Math.max(1, after.requests() - before.requests());
      print(row, times, 100.0 * (after.hedges() - before.hedges()) / requested);
    }
  }

  private void head(String title) {
    say("");
    say(
        "%-38s %8s %8s %8s %8s %9s %9s %8s",
        title, "p50 ms", "p99 ms", "p99.9 ms", "max ms", "late99.9", "late max", "extra");
  }

  private void print(Row row, Times times, double extra) {
    long[] took = times.took().clone();
    long[] late = times.late().clone();
    Arrays.sort(took);
    Arrays.sort(late);
    say(
        "%-38s %8.1f %8.1f %8.1f %8.1f %9.1f %9.1f %7.2f%%",
        row.text,
        at(took, 0.5),
        at(took, 0.99),
        at(took, 0.999),
        at(took, 1),
        at(late, 0.999),
        at(late, 1),
        extra);
  }

  /** Milliseconds. */
  private static double at(long[] sorted, double share) {
    return sorted[(int) Math.ceil(sorted.length * share) - 1] / 1e6;
  }

  private void say(String format, Object... values) {
    out.printf(Locale.ROOT, format + "%n", values);
  }
}
