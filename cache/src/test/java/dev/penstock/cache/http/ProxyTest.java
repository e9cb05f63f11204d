package dev.penstock.cache.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.remote.FaultServer;
import dev.penstock.cache.remote.HttpCredentials;
import dev.penstock.cache.remote.HttpOrigin;
import dev.penstock.cache.remote.RemoteConfig;
import dev.penstock.cache.remote.TestTls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers behind a proxy: who is asked through which, and how. */
@Timeout(60)
final class ProxyTest {
  private static final String TEXT = "what is stored";

  /** A proxy that leads to one server, whatever it is asked for, and remembers what was asked. */
  private static final class TestProxy implements AutoCloseable {
    final List<String> heads = Collections.synchronizedList(new ArrayList<>());
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int server;
    private final String wanted;

    TestProxy(int server, String wanted) throws IOException {
      this.server = server;
      this.wanted = wanted;
      Thread.ofPlatform().daemon().start(this::accept);
    }

    String url(String user) {
      return "http://" + user + "127.0.0.1:" + listener.getLocalPort();
    }

    private void accept() {
      while (!listener.isClosed()) {
        try {
          Socket client = listener.accept();
          Thread.ofPlatform().daemon().start(() -> serve(client));
        } catch (IOException closed) {
          return;
        }
      }
    }

    private void serve(Socket client) {
      try (client;
          Socket upstream = new Socket(InetAddress.getLoopbackAddress(), server)) {
        String head = head(client.getInputStream());
        heads.add(head);
        if (!head.contains(wanted)) {
          client.getOutputStream().write(bytes("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"));
          return;
        }
        if (head.startsWith("CONNECT ")) {
          client.getOutputStream().write(bytes("HTTP/1.1 200 Go on\r\n\r\n"));
        } else {
          upstream.getOutputStream().write(bytes(head.replaceFirst("http://[^/]+/", "/")));
        }
        Thread back = Thread.ofPlatform().daemon().start(() -> copy(upstream, client));
        copy(client, upstream);
        back.join();
      } catch (IOException | InterruptedException ended) {
        // The test has what it wanted, or fails for want of it.
      }
    }

    private static String head(InputStream in) throws IOException {
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
        int next = in.read();
        if (next < 0) {
          throw new IOException("closed");
        }
        head.write(next);
      }
      return head.toString(StandardCharsets.ISO_8859_1);
    }

    private static void copy(Socket from, Socket to) {
      try {
        from.getInputStream().transferTo(to.getOutputStream());
        to.shutdownOutput();
      } catch (IOException ended) {
        // Whoever waits sees it too.
      }
    }

    private static byte[] bytes(String text) {
      return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  private static String get(HttpClientConfig config, String url) throws IOException {
    HttpClient client = HttpClient.open(config);
    try (HttpResponse answer =
        client.send(
            new HttpRequest("GET", HttpLocation.parse(url), List.of()), new HttpCall(), false)) {
      assertEquals(200, answer.head().status());
      return answer.text(100);
    } finally {
      client.close();
    }
  }

  private static HttpClientConfig by(Map<String, String> environment) {
    return HttpClientConfig.defaults()
        .withTls(TestTls::context)
        .withProxies(ProxyRules.of(environment))
        .withResolver(
            host -> {
              assertEquals("127.0.0.1", host, "only the proxy knows other names");
              return List.of(InetAddress.getLoopbackAddress());
            });
  }

  @Test
  void aPlainServerIsAskedForInFull() throws IOException {
    try (FaultServer server = FaultServer.start();
        TestProxy proxy = new TestProxy(server.port(), "")) {
      server.put("/d/x", TEXT.getBytes(StandardCharsets.UTF_8));
      HttpClientConfig config = by(Map.of("http_proxy", proxy.url("")));
      assertEquals(TEXT, get(config, "http://store.example/d/x"));
      String head = proxy.heads.getFirst();
      assertTrue(head.startsWith("GET http://store.example/d/x HTTP/1.1\r\n"), head);
      assertTrue(head.contains("\r\nHost: store.example\r\n"), head);
      assertFalse(head.contains("Proxy-Authorization"), head);
    }
  }

  /** Its certificate is checked through the tunnel, which the proxy does not see into. */
  @Test
  void aServerWithTlsIsReachedThroughATunnel() throws IOException {
    String who = "Proxy-Authorization: Basic dXM6cEBz\r\n"; // us:p@s
    try (FaultServer server = FaultServer.start(TestTls.context());
        TestProxy proxy = new TestProxy(server.port(), who)) {
      server.put("/d/x", TEXT.getBytes(StandardCharsets.UTF_8));
      HttpClientConfig config = by(Map.of("HTTPS_PROXY", proxy.url("us:p%40s@")));
      assertEquals(TEXT, get(config, "https://localhost/d/x"));
      String head = proxy.heads.getFirst();
      assertTrue(
          head.startsWith("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n"), head);
      assertFalse(head.contains("/d/x"), head);
      HttpClientConfig wrong = by(Map.of("HTTPS_PROXY", proxy.url("us:secret@")));
      IOException refused =
          assertThrows(IOException.class, () -> get(wrong, "https://localhost/d/x"));
      assertTrue(refused.toString().contains("407"), refused::toString);
      assertFalse(refused.toString().contains("secret"), refused::toString);
    }
  }

  /** What a proxy refuses is refused for good: said at once, and by its kind. */
  @ParameterizedTest
  @ValueSource(strings = {"http", "https"})
  void whatAProxyRefusesIsNotAskedAgain(String scheme) throws IOException {
    try (FaultServer server = FaultServer.start();
        TestProxy proxy = new TestProxy(server.port(), "Proxy-Authorization")) {
      String url = scheme + "://store.example/d/x";
      RemoteConfig quick = RemoteConfig.defaults().withPauses(1, 4, 10_000);
      HttpClientConfig config = by(Map.of(scheme + "_proxy", proxy.url("")));
      try (HttpOrigin origin = HttpOrigin.open(quick, config, HttpCredentials.none())) {
        OriginException refused = assertThrows(OriginException.class, () -> origin.find(url));
        assertEquals(OriginException.Kind.DENIED, refused.kind(), refused::toString);
        assertEquals(OriginException.Retry.PERMANENT, refused.retry(), refused::toString);
        assertTrue(refused.toString().contains("407"), refused::toString);
      }
      assertEquals(1, proxy.heads.size(), proxy.heads::toString);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "http://a.example/x | p:8080",
        "https://a.example/x | q:80",
        "https://a.example:8443/x | q:80",
        "http://inner.example/x | none",
        "http://deep.inner.example/x | none",
        "http://notinner.example/x | p:8080",
        "https://starred.org/x | q:80",
        "https://below.starred.org/x | none",
        "http://10.0.0.1/x | none",
        "http://10.0.0.2/x | p:8080",
        "http://ported.net:9000/x | none",
        "http://ported.net/x | p:8080",
        "http://[fd00::1]/x | none",
        "http://[fd00::80]/x | none",
        "http://localhost:9000/x | none",
        "http://127.0.0.1/x | none",
        "http://[::1]:9000/x | none",
        "https://localhost:9000/x | q:80"
      })
  void theEnvironmentSaysWhoIsReachedThroughWhom(String url, String proxy) throws IOException {
    ProxyRules rules =
        ProxyRules.of(
            Map.of(
                "http_proxy", "http://p:8080/",
                "HTTP_PROXY", "http://hidden-by-small-letters",
                "ALL_PROXY", "q",
                "NO_PROXY",
                    "inner.example, below.starred.org,10.0.0.1,ported.net:9000 [fd00::1]"
                        + " fd00::80"));
    String found = rules.of(HttpLocation.parse(url)).map(ProxyRules.Proxy::toString).orElse("none");
    assertEquals(proxy, found);
    assertTrue(
        ProxyRules.of(Map.of("ALL_PROXY", "q", "no_proxy", "*"))
            .of(HttpLocation.parse(url))
            .isEmpty());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "10.1.2.3 | 10.0.0.0/8 | true",
        "11.1.2.3 | 10.0.0.0/8 | false",
        "10.127.255.255 | 10.99.0.1/9 | true",
        "10.128.0.0 | 10.0.0.0/9 | false",
        "192.168.7.9 | 192.168.7.9/32 | true",
        "192.168.7.8 | 192.168.7.9/32 | false",
        "1.2.3.4 | 0.0.0.0/0 | true",
        "[fd12:3456::1] | fd00::/8 | true",
        "[fd12:3456::1] | [fd00::]/8 | true",
        "[fe80::1] | fd00::/8 | false",
        "[2001:db8:0:8000::] | 2001:db8::/49 | false",
        "[2001:db8:0:7fff::] | 2001:db8::/49 | true",
        "[::1:2] | 0.0.0.0/0 | false",
        "10.1.2.3 | ::/0 | false",
        "inside.example | 0.0.0.0/0 | false",
        "10.1.2.3 | 10.0.0.0/33 | false",
        "10.1.2.3 | 10/8 | false",
        "10.1.2.3 | 10.0.0.0/ | false",
        "10.1.2.3 | 10.0.0.0/8x | false",
        "10.1.2.3 | 999.0.0.0/0 | false",
        "10.1.2.3 | x.org,172.16.0.0/12 10.0.0.0/8 | true",
      })
  void aRangeIsOfAddressesAndOfNoNames(String host, String without, boolean directly)
      throws IOException {
    ProxyRules rules = ProxyRules.of(Map.of("ALL_PROXY", "q", "no_proxy", without));
    for (String url : List.of("http://" + host + ":8080/x", "https://" + host + "/x")) {
      assertEquals(directly, rules.of(HttpLocation.parse(url)).isEmpty(), url);
    }
  }

  @Test
  void whatIsNoProxyIsNamedWithoutItsPassword() {
    for (String url :
        List.of("socks5://user:secret@host", "https://user:secret@host", "host:99999")) {
      ProxyRules rules = ProxyRules.of(Map.of("https_proxy", url));
      IOException refused =
          assertThrows(
              IOException.class, () -> rules.of(HttpLocation.parse("https://a.example/x")));
      assertTrue(String.valueOf(refused.getMessage()).contains("HTTPS_PROXY"), refused::toString);
      assertFalse(refused.toString().contains("secret"), refused::toString);
    }
  }
}
