package dev.penstock.cache.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.Map;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;

/** Where buckets are asked. */
final class S3StoreTest {
  /** All ranges that are in flight when the first answer names the region get that answer. */
  @Test
  void whoeverAskedInTheWrongRegionAsksAgain() {
    S3Options options = S3Options.of(Map.of("s3.region", "us-east-1", "s3.anonymous", "on"));
    try (S3Store store = new S3Store(options, 1)) {
      S3Store.Place first = store.place("bucket");
      S3Store.Place second = store.place("bucket");
      assertEquals("us-east-1", first.signingRegion());
      assertTrue(store.moved("bucket", first, "eu-west-1"));
      assertTrue(store.moved("bucket", second, "eu-west-1"), "it had asked in the wrong one too");
      S3Store.Place found = store.place("bucket");
      assertEquals("eu-west-1", found.signingRegion());
      assertTrue(found.url().contains("eu-west-1"), found::url);
      assertFalse(store.moved("bucket", found, "eu-west-1"), "there is nowhere else to ask");
    }
  }

  /** The SDK says neither which host it was nor what to do. */
  @Test
  void aBucketWithoutAHostIsNamedWithTheWayOut() {
    S3Options options =
        S3Options.of(
            Map.of(
                "s3.endpoint",
                "http://store.invalid",
                "s3.path-style",
                "off",
                "s3.region",
                "us-east-1",
                "s3.anonymous",
                "on"));
    try (S3Store store = new S3Store(options, 1)) {
      UnknownHostException unknown =
          assertThrows(
              UnknownHostException.class,
              () ->
                  store.call(
                      "s3://bucket/key",
                      () -> store.client().headObject(ask -> ask.bucket("bucket").key("key"))));
      String said = String.valueOf(unknown.getMessage());
      assertTrue(said.contains("bucket.store.invalid"), said);
      assertTrue(said.contains("--s3-path-style on"), said);
    }
  }

  /** Without this, each of its questions would be asked eight times. */
  @Test
  void aCertificateThatIsNotTrustedIsNotWorthAnotherTry() {
    SdkClientException failure =
        SdkClientException.create(
            "Unable to execute HTTP request",
            new IOException(new SSLHandshakeException("PKIX path building failed")));
    IOException typed = S3Store.typed("s3://bucket/key", 0, -1, failure, () -> "nobody");
    assertInstanceOf(SSLHandshakeException.class, typed);
  }

  /** As balancers do that restart or have too much to do; a certificate was not even shown. */
  @Test
  void aHandshakeThatBreaksOffIsWorthAnotherTry() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread.ofPlatform().daemon().start(() -> closeAll(server));
      S3Options options =
          S3Options.of(
              Map.of(
                  "s3.endpoint",
                  "https://127.0.0.1:" + server.getLocalPort(),
                  "s3.region",
                  "us-east-1",
                  "s3.anonymous",
                  "on"));
      try (S3Store store = new S3Store(options, 1)) {
        IOException broken =
            assertThrows(
                IOException.class,
                () ->
                    store.call(
                        "s3://bucket/key",
                        () -> store.client().headObject(ask -> ask.bucket("bucket").key("key"))));
        assertEquals(IOException.class, broken.getClass(), broken::toString);
        assertTrue(String.valueOf(broken.getMessage()).contains("handshake"), broken::toString);
      }
    }
  }

  private static void closeAll(ServerSocket server) {
    while (true) {
      try (Socket asked = server.accept()) {
        asked.getInputStream().read();
        asked.shutdownOutput();
        asked.getInputStream().readAllBytes(); // else it is a reset
      } catch (IOException _) {
        if (server.isClosed()) {
          return;
        }
      }
    }
  }

  @Test
  void whatIsNoRangeIsNotCalledOne() {
    SdkClientException failure = SdkClientException.builder().message("no way").build();
    IOException typed = S3Store.typed("s3://bucket/key", 0, -1, failure, () -> "nobody");
    assertFalse(typed.toString().contains("bytes"), typed::toString);
  }
}
