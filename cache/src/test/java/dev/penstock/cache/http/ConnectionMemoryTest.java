package dev.penstock.cache.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.remote.FaultServer;
import dev.penstock.cache.remote.RemoteConfig;
import dev.penstock.cache.remote.TestTls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The bound on what connections hold is kept, and fits the heap that the application has. */
@Timeout(60)
final class ConnectionMemoryTest {
  private static final long MIB = 1 << 20;

  @Test
  void aTlsConnectionHoldsNoMoreThanItsBound() throws IOException {
    try (FaultServer server = FaultServer.start(TestTls.context());
        SocketChannel channel = SocketChannel.open()) {
      byte[] bytes = new byte[3 << 20];
      server.put("/x", bytes);
      channel.connect(new InetSocketAddress("localhost", server.port()));
      TlsWire wire = TlsWire.connect(channel, TestTls.context(), "localhost", server.port());
      HttpConnection connection = new HttpConnection("x", InetAddress.getLoopbackAddress(), wire);
      wire.write(
          ByteBuffer.wrap(
              "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
      HttpCall call = new HttpCall();
      HttpHead head = connection.readHead(call);
      assertEquals(bytes.length, head.contentLength());
      ByteBuffer body = ByteBuffer.allocate(bytes.length);
      while (body.hasRemaining()) {
        assertTrue(connection.read(body, body.remaining(), call) > 0);
        int held = connection.heldBytes();
        assertTrue(held <= ConnectionMemory.ofConnection(true), () -> held + " bytes");
      }
      // The bound is no guess far above what is held: a head could still grow to its largest.
      int grown = connection.heldBytes() + HttpHead.BYTES_MAX - (4 << 10);
      assertTrue(grown > 0.9 * ConnectionMemory.ofConnection(true), () -> grown + " bytes");
    }
  }

  /** A head as large as is accepted, byte by byte, and one that is larger. */
  @Test
  void theLargestHeadIsWithinTheBound() throws IOException {
    String start = "HTTP/1.1 200 OK\r\nX: ";
    String end = "\r\nContent-Length: 0\r\n\r\n";
    int room = HttpHead.BYTES_MAX - start.length() - end.length();
    HttpConnection largest = connection(start + "a".repeat(room) + end);
    assertEquals(200, largest.readHead(new HttpCall()).status());
    assertEquals(ConnectionMemory.ofConnection(false), largest.heldBytes());
    HttpConnection larger = connection(start + "a".repeat(room + 1) + end);
    assertThrows(HttpFormatException.class, () -> larger.readHead(new HttpCall()));
    assertEquals(ConnectionMemory.ofConnection(false), larger.heldBytes());
  }

  private static HttpConnection connection(String answer) {
    ByteBuffer bytes = ByteBuffer.wrap(answer.getBytes(StandardCharsets.US_ASCII));
    Wire played =
        new Wire() {
          @Override
          public int read(ByteBuffer target) {
            target.put(bytes.get());
            return 1;
          }

          @Override
          public void write(ByteBuffer source) {}

          @Override
          public void abort() {}
        };
    return new HttpConnection("x", InetAddress.getLoopbackAddress(), played);
  }

  /** Connections kept for other servers make room for those that are needed now. */
  @Test
  void idleConnectionsNeverAddToThoseInUse() throws IOException {
    int most = 4;
    List<FaultServer> servers = new ArrayList<>();
    List<HttpResponse> running = new ArrayList<>();
    HttpClientConfig few =
        new HttpClientConfig(
            "test",
            most,
            5_000,
            5_000,
            5_000,
            0,
            HttpClientConfig.defaults().resolver(),
            () -> {
              throw new IllegalStateException("no TLS here");
            },
            ProxyRules.NONE);
    HttpClient client = HttpClient.open(few);
    try {
      for (int i = 0; i <= most; i++) {
        FaultServer server = FaultServer.start();
        servers.add(server);
        server.put("/x", new byte[1 << 20]);
      }
      for (FaultServer server : servers.subList(1, most + 1)) {
        HttpResponse answer = get(client, server, "/none");
        answer.text(100);
        answer.close();
      }
      for (int i = 1; i <= 2 * most; i++) {
        running.add(get(client, servers.getFirst(), "/x"));
        int open = client.openConnections();
        assertTrue(open <= Math.max(most, i), "%d open, %d in use".formatted(open, i));
      }
      assertEquals(2 * most, client.openConnections());
    } finally {
      running.forEach(HttpResponse::close);
      client.close();
      servers.forEach(FaultServer::close);
    }
  }

  private static HttpResponse get(HttpClient client, FaultServer server, String path)
      throws IOException {
    HttpLocation location = HttpLocation.parse(server.url(path));
    return client.send(new HttpRequest("GET", location, List.of()), new HttpCall(), false);
  }

  /** Of a heap of 160 MiB; docs/remote.md has the figures. */
  @Test
  void theMostRequestsThatAreAcceptedFitTheHeap() {
    assertTrue(ConnectionMemory.ofStore(RemoteConfig.REQUESTS_MAX, true) <= 70 * MIB);
    assertTrue(ConnectionMemory.ofStore(RemoteConfig.defaults().requestsMax(), true) <= 38 * MIB);
    assertTrue(ConnectionMemory.ofStore(RemoteConfig.defaults().requestsMax(), false) <= 9 * MIB);
    int more = RemoteConfig.REQUESTS_MAX + 1;
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> RemoteConfig.of(Map.of("remote.requests", Integer.toString(more))));
    assertTrue(String.valueOf(refused.getMessage()).contains("1 to 256"), refused::toString);
  }
}
