package dev.penstock.cache.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.http.HttpClientConfig;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What web servers say of an object before any byte of it is read. */
@Timeout(60)
final class FindOverHttpTest {
  private static final RemoteConfig QUICK = RemoteConfig.defaults().withPauses(1, 4, 10_000);

  private final FaultServer server = FaultServer.start();
  private final byte[] bytes = new byte[1234];

  FindOverHttpTest() {
    server.put("/x", bytes);
  }

  @AfterEach
  void close() {
    server.close();
  }

  private static HttpOrigin origin(HttpCredentials credentials) {
    return HttpOrigin.open(QUICK, HttpClientConfig.defaults(), credentials);
  }

  /** nginx, Apache and lighttpd lead from a directory to its listing, and refuse that. */
  @Test
  void aDirectoryIsNoObject() throws Exception {
    server.redirect("/d", "/d/");
    try (HttpOrigin origin = origin(HttpCredentials.none())) {
      assertTrue(origin.find(server.url("/d")).isEmpty());
      OriginException refused =
          assertThrows(OriginException.class, () -> origin.find(server.url("/d/")));
      assertEquals(Kind.DENIED, refused.kind());
    }
  }

  @Test
  void deniedSaysWhoAskedAndNeverTheSecret() throws Exception {
    server.authorization(
        "Basic " + Base64.getEncoder().encodeToString("me:right".getBytes(StandardCharsets.UTF_8)));
    HttpCredentials wrong =
        HttpCredentials.of(
            Map.of(
                HttpCredentials.HOSTS, "127.0.0.1",
                HttpCredentials.USER, "me",
                HttpCredentials.PASSWORD, "wrong-password"),
            Path.of("/nowhere"));
    try (HttpOrigin origin = origin(wrong)) {
      OriginException denied =
          assertThrows(OriginException.class, () -> origin.find(server.url("/x")).orElseThrow());
      assertEquals(Kind.DENIED, denied.kind());
      assertTrue(denied.reason().contains("'me'"), denied::reason);
      assertFalse(denied.toString().contains("wrong-password"), denied::toString);
    }
    HttpCredentials right =
        HttpCredentials.of(
            Map.of(
                HttpCredentials.HOSTS, "127.0.0.1",
                HttpCredentials.USER, "me",
                HttpCredentials.PASSWORD, "right"),
            Path.of("/nowhere"));
    try (HttpOrigin origin = origin(right)) {
      assertEquals(bytes.length, origin.find(server.url("/x")).orElseThrow().sizeBytes());
    }
  }

  @Test
  void aCertificateNobodyVouchesForIsRefusedOnce() throws Exception {
    try (FaultServer secure = FaultServer.start(TestTls.context());
        HttpOrigin origin = origin(HttpCredentials.none())) {
      secure.put("/x", bytes);
      OriginException refused =
          assertThrows(OriginException.class, () -> origin.find(secure.url("/x")));
      assertEquals(Retry.PERMANENT, refused.retry());
      assertTrue(refused.reason().contains("trustStore"), refused::reason);
    }
  }
}
