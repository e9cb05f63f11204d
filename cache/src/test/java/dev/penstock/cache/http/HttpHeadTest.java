package dev.penstock.cache.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HttpHeadTest {
  private static HttpHead parse(String text) throws HttpFormatException {
    byte[] bytes = text.replace("\n", "\r\n").getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(bytes.length, HttpHead.end(bytes, 0, bytes.length));
    return HttpHead.parse(bytes, bytes.length);
  }

  @Test
  void readsWhatRangesNeed() throws Exception {
    HttpHead head =
        parse(
            """
            HTTP/1.1 206 Partial Content
            ETag: "a"
            Content-Length: 10
            content-RANGE: bytes 5-14/100
            X-Empty:

            """);
    assertEquals(206, head.status());
    assertEquals(10, head.contentLength());
    assertEquals("\"a\"", head.first("etag").orElseThrow());
    assertEquals("", head.first("x-empty").orElseThrow());
    assertEquals(new HttpHead.ContentRange(5, 14, 100), head.contentRange());
    assertTrue(head.keepsAlive());
    assertFalse(head.isChunked());
  }

  @Test
  void knowsWhenAConnectionEnds() throws Exception {
    assertFalse(parse("HTTP/1.0 200 OK\n\n").keepsAlive());
    assertTrue(parse("HTTP/1.0 200 OK\nConnection: Keep-Alive\n\n").keepsAlive());
    assertFalse(parse("HTTP/1.1 200 OK\nConnection: x, Close\n\n").keepsAlive());
    assertEquals(-1, parse("HTTP/1.1 200\n\n").contentLength());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/2 200 OK\n\n",
        "HTTP/1.1 20 OK\n\n",
        "HTTP/1.1 2000 OK\n\n",
        "HTTP/1.1 700 OK\n\n",
        "ICY 200 OK\n\n",
        "HTTP/1.1 200 OK\nno colon\n\n",
        "HTTP/1.1 200 OK\n: no name\n\n",
        "HTTP/1.1 200 OK\nA : blank before the colon\n\n",
        "HTTP/1.1 200 OK\nA: b\n folded\n\n",
        "HTTP/1.1 200 OK\nA: b\u0000\n\n",
        "HTTP/1.1 200 OK\nContent-Length: -1\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 1x\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 9999999999999999999\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 1, 1\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 1\nTransfer-Encoding: chunked\n\n",
        "HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\n\n",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n"
      })
  void refusesWhatCouldBeReadInTwoWays(String text) {
    assertThrows(HttpFormatException.class, () -> parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "bytes */5", "bytes 1-2", "bytes -2/5", "items 1-2/5", "bytes 1-/5"})
  void refusesRangesThatSayTooLittle(String range) {
    assertThrows(
        HttpFormatException.class,
        () -> parse("HTTP/1.1 206 x\nContent-Range: " + range + "\n\n").contentRange());
  }

  @Test
  void aHeadHasABoundedNumberOfFields() {
    String many = "HTTP/1.1 200 OK\n" + "A: b\n".repeat(HttpHead.FIELDS_MAX + 1) + "\n";
    assertThrows(HttpFormatException.class, () -> parse(many));
  }
}
