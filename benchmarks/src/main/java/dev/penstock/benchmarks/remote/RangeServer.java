package dev.penstock.benchmarks.remote;

import dev.penstock.cache.remote.FaultServer;
import dev.penstock.cache.remote.FaultServer.Fault;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * The server's process: serves files by sendfile at {@code /bench/NAME}, and takes orders on
 * standard input: {@code latency MILLIS}, {@code stall SHARE MILLIS}; answers each with its number
 * of requests so far. Ends with its input.
 */
public final class RangeServer {
  private RangeServer() {}

  /** Arguments: the files. */
  public static void main(String[] files) throws IOException {
    try (FaultServer server = FaultServer.start()) {
      for (String file : files) {
        Path path = Path.of(file);
        server.put("/bench/" + path.getFileName(), path);
      }
      say(server.port());
      BufferedReader orders =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String order = orders.readLine(); order != null; order = orders.readLine()) {
        obey(server, order.split(" ", -1));
        say(server.requests());
      }
    }
  }

  private static void obey(FaultServer server, String[] order) {
    switch (order[0]) {
      case "latency" -> server.latencyMillis(Long.parseLong(order[1]));
      case "stall" -> {
        double share = Double.parseDouble(order[1]);
        server.stallMillis(Long.parseLong(order[2]));
        server.faults(
            ask ->
                new SplittableRandom(ask.number() * 0x9E3779B97F4A7C15L).nextDouble() < share
                    ? Fault.STALL
                    : Fault.NONE);
      }
      default -> {}
    }
  }

  private static void say(long number) {
    System.out.println(number);
    System.out.flush();
  }
}
