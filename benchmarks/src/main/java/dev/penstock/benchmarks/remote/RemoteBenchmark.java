package dev.penstock.benchmarks.remote;

import com.sun.management.OperatingSystemMXBean;
import dev.penstock.benchmarks.remote.RangeClient.Work;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/**
 * Prints how fast and how dearly ranges are read: a bare socket, our clients, the SDK's; then the
 * same with latency, and with stalled answers. Rounds go over all clients in turn, forwards and
 * backwards, so that what else happens on the machine meets all of them.
 */
public final class RemoteBenchmark {
  private static final long OBJECT_BYTES = 64 << 20;
  private static final int RANGE_BYTES = 8 << 20;

  /**
   * Each client reads for so long before it is measured. A range is thousands of instructions and a
   * few hundred come a second, so that it takes this long until the compiler is done: after 6 s it
   * still took 14 % of a client's processor time, which a run of hours does not see.
   */
  private static final long WARM_NANOS = 25_000_000_000L;

  /** What a measured turn reads, so that the clock of processor time is fine enough. */
  private static final int PASSES_A_TURN = 3;

  /** Requests are signed, as they are outside; the server does not look. */
  static final AwsCredentialsProvider CREDENTIALS =
      StaticCredentialsProvider.create(AwsBasicCredentials.create("bench", "bench-secret"));

  private final PrintStream out;
  private final Process server;
  private final BufferedReader answers;
  private final OutputStream orders;

  private RemoteBenchmark(PrintStream out, Path directory, int objects) throws IOException {
    this.out = out;
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                RangeServer.class.getName()));
    for (int i = 0; i < objects; i++) {
      Path file = directory.resolve("o" + i);
      byte[] piece = new byte[1 << 20];
      Arrays.fill(piece, (byte) i);
      try (OutputStream to = Files.newOutputStream(file)) {
        for (long written = 0; written < OBJECT_BYTES; written += piece.length) {
          to.write(piece);
        }
      }
      command.add(file.toString());
    }
    this.server =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    this.answers = server.inputReader(StandardCharsets.UTF_8);
    this.orders = server.getOutputStream();
  }

  /**
   * Arguments: rounds (0 for the stalls alone), objects, depth, and whether the SDK's clients are
   * measured or ours. Not both in one process: what they share would be compiled for both.
   */
  public static void main(String[] arguments)
      throws IOException, InterruptedException, ExecutionException {
    int rounds = Integer.parseInt(arguments[0]);
    int objects = Integer.parseInt(arguments[1]);
    int depth = Integer.parseInt(arguments[2]);
    boolean peers = Boolean.parseBoolean(arguments[3]);
    Path shared = Path.of("/dev/shm");
    Path directory =
        Files.isWritable(shared)
            ? Files.createTempDirectory(shared, "penstock-bench")
            : Files.createTempDirectory("penstock-bench");
    try {
      RemoteBenchmark benchmark = new RemoteBenchmark(System.out, directory, objects);
      try {
        benchmark.run(rounds, objects, depth, peers);
      } finally {
        benchmark.orders.close();
        benchmark.server.waitFor();
      }
    } finally {
      try (Stream<Path> files = Files.walk(directory)) {
        files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
      }
    }
  }

  private long order(String text) throws IOException {
    orders.write((text + "\n").getBytes(StandardCharsets.UTF_8));
    orders.flush();
    return Long.parseLong(answers.readLine());
  }

  private void run(int rounds, int objects, int depth, boolean peers)
      throws IOException, InterruptedException, ExecutionException {
    int port = Integer.parseInt(answers.readLine());
    Work work = new Work(port, objects, OBJECT_BYTES, RANGE_BYTES, depth);
    say(
        "%d objects of 64 MiB on loopback, ranges of 8 MiB, %d in flight, %d processors for client"
            + " and server, %d rounds",
        objects, depth, Runtime.getRuntime().availableProcessors(), rounds);
    String endpoint = "http://127.0.0.1:" + port;
    if (rounds == 0) {
      new StallBenchmark(out, this::order, endpoint + "/bench/o%d", work).run();
      return;
    }
    Map<String, String> steady = Map.of("remote.requests", Integer.toString(depth));
    Map<String, String> s3 =
        Map.of(
            "remote.requests",
            Integer.toString(depth),
            "s3.endpoint",
            endpoint,
            "s3.region",
            "us-east-1");
    Map<String, String> sdk = new HashMap<>(s3);
    sdk.put("s3.client", "sdk");
    List<RangeClient> clients = new ArrayList<>();
    try {
      clients.add(new BareClient());
      if (!peers) {
        clients.add(new OriginClient("http origin", endpoint + "/bench/o%d", work, steady));
        clients.add(new OriginClient("s3 origin, own client", "s3://bench/o%d", work, s3));
      } else {
        clients.add(new OriginClient("s3 origin, SDK's Apache 5", "s3://bench/o%d", work, sdk));
        clients.add(SdkClient.netty(work));
        addIfThere(clients, () -> SdkClient.crt(work));
        addIfThere(clients, () -> SdkClient.crtS3(work));
      }
      for (RangeClient client : clients) {
        long until = System.nanoTime() + WARM_NANOS;
        while (System.nanoTime() < until) {
          client.pass(work, _ -> {});
        }
      }
      table("loopback", clients, work, rounds);
      order("latency 10");
      table("10 ms added to each answer", clients, work, Math.max(2, rounds / 2));
      order("latency 0");
    } finally {
      clients.forEach(RangeClient::close);
    }
    if (!peers) {
      new StallBenchmark(out, this::order, endpoint + "/bench/o%d", work).run();
    }
  }

  private interface Maker {
    RangeClient make();
  }

  private void addIfThere(List<RangeClient> clients, Maker maker) {
    try {
      clients.add(maker.make());
    } catch (RuntimeException | LinkageError missing) {
      say("left out, cannot be loaded here: %s", missing);
    }
  }

  private void table(String title, List<RangeClient> clients, Work work, int rounds)
      throws IOException, InterruptedException, ExecutionException {
    double[][] rates = new double[clients.size()][rounds];
    double[][] costs = new double[clients.size()][rounds];
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < clients.size(); i++) {
        int turn = round % 2 == 0 ? i : clients.size() - 1 - i;
        long cpu = cpuNanos();
        long began = System.nanoTime();
        for (int pass = 0; pass < PASSES_A_TURN; pass++) {
          clients.get(turn).pass(work, _ -> {});
        }
        double gib = PASSES_A_TURN * work.bytes() / (double) (1 << 30);
        rates[turn][round] = gib * 1024 / ((System.nanoTime() - began) / 1e9);
        costs[turn][round] = (cpuNanos() - cpu) / 1e9 / gib;
      }
    }
    say("");
    say(
        "%-28s %10s %16s %12s %14s",
        title, "MiB/s", "client CPU-s/GiB", "of bare rate", "of bare CPU");
    for (int i = 0; i < clients.size(); i++) {
      say(
          "%-28s %10.0f %16.3f %12.2f %14.2f",
          clients.get(i).name(),
          median(rates[i]),
          median(costs[i]),
          medianRatio(rates[i], rates[0]),
          medianRatio(costs[i], costs[0]));
    }
  }

  private static long cpuNanos() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? system.getProcessCpuTime()
        : 0;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static double medianRatio(double[] values, double[] to) {
    double[] ratios = new double[values.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = values[i] / to[i];
    }
    return median(ratios);
  }

  private void say(String format, Object... values) {
    out.printf(Locale.ROOT, format + "%n", values);
  }
}
