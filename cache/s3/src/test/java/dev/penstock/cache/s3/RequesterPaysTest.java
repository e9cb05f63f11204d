package dev.penstock.cache.s3;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.StoredObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A bucket whose readers pay gives nothing to who does not say, and sign, that they will. */
@Timeout(60)
final class RequesterPaysTest {
  private static final byte[] BYTES = "0123456789".repeat(100).getBytes(StandardCharsets.US_ASCII);

  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", RequesterPaysTest::answer);
    server.start();
    System.setProperty("aws.accessKeyId", TestStore.KEY);
    System.setProperty("aws.secretAccessKey", TestStore.SECRET);
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private static void answer(HttpExchange exchange) throws IOException {
    String signature = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
    boolean pays =
        "requester".equals(exchange.getRequestHeaders().getFirst("x-amz-request-payer"))
            && signature.contains("x-amz-request-payer");
    exchange.getResponseHeaders().set("ETag", "\"v1\"");
    boolean head = exchange.getRequestMethod().equals("HEAD");
    String query = String.valueOf(exchange.getRequestURI().getQuery());
    byte[] body;
    int status = 200;
    if (!pays) {
      status = 403;
      body = "<Error><Code>AccessDenied</Code></Error>".getBytes(StandardCharsets.UTF_8);
    } else if (query.contains("list-type")) {
      body =
          ("<ListBucketResult><Contents><Key>d/x</Key><Size>1000</Size><ETag>\"v1\"</ETag>"
                  + "</Contents></ListBucketResult>")
              .getBytes(StandardCharsets.UTF_8);
    } else if (head) {
      body = BYTES;
    } else {
      String[] range = exchange.getRequestHeaders().getFirst("Range").substring(6).split("-", -1);
      int from = Integer.parseInt(range[0]);
      int to = Integer.parseInt(range[1]) + 1;
      body = Arrays.copyOfRange(BYTES, from, to);
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes %d-%d/%d".formatted(from, to - 1, BYTES.length));
      status = 206;
    }
    if (head) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
      exchange.sendResponseHeaders(status, -1);
    } else {
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
    exchange.close();
  }

  private Origin origin(String client, String pays) {
    return new S3Provider()
        .open(
            ByteBudget.of(64 << 20),
            Map.of(
                "s3.endpoint",
                "http://127.0.0.1:" + server.getAddress().getPort(),
                "s3.region",
                "us-east-1",
                "s3.client",
                client,
                "s3.requester-pays",
                pays));
  }

  @ParameterizedTest
  @ValueSource(strings = {"lean", "sdk"})
  void readersPayWhenTheySaySo(String client) throws IOException {
    try (Origin origin = origin(client, "on");
        Arena arena = Arena.ofConfined()) {
      StoredObject object = origin.find("s3://bucket/d/x").orElseThrow();
      assertEquals(List.of(object), origin.list("s3://bucket/d", 1));
      try (OpenObject open = origin.open(object)) {
        MemorySegment target = arena.allocate(100);
        assertEquals(100, open.readNow(200, target, 0, 100));
        assertArrayEquals(
            Arrays.copyOfRange(BYTES, 200, 300), target.toArray(ValueLayout.JAVA_BYTE));
      }
    }
    try (Origin origin = origin(client, "off")) {
      OriginException denied =
          assertThrows(OriginException.class, () -> origin.find("s3://bucket/d/x"));
      assertEquals(Kind.DENIED, denied.kind());
    }
  }
}
