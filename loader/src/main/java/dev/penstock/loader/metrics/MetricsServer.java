package dev.penstock.loader.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Serves {@code /metrics} on the loopback address, for a Prometheus agent on the same host. Nothing
 * else is served, nothing is read from the request but its path. Thread-safe.
 */
public final class MetricsServer implements AutoCloseable {
  private static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final HttpServer server;
  private final ExecutorService executor =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("penstock-metrics").factory());

  private MetricsServer(HttpServer server) {
    this.server = server;
  }

  /**
   * Starts serving on {@code port} of the loopback address; 0 takes any free port.
   *
   * @throws IOException if the port is taken; the message names it
   */
  public static MetricsServer open(int port, PipelineMetrics metrics) throws IOException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    HttpServer server;
    try {
      server = HttpServer.create(address, 0);
    } catch (IOException e) {
      throw new IOException("metrics port %d: %s".formatted(port, e.getMessage()), e);
    }
    MetricsServer made = new MetricsServer(server);
    server.createContext("/metrics", exchange -> answer(exchange, metrics));
    server.setExecutor(made.executor);
    server.start();
    return made;
  }

  private static void answer(HttpExchange exchange, PipelineMetrics metrics) throws IOException {
    try (exchange) {
      byte[] body = metrics.scrape().getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", CONTENT_TYPE);
      exchange.sendResponseHeaders(200, body.length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(body);
      }
    }
  }

  /** The port that is served. */
  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }
}
