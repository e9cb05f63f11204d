package dev.penstock.cache.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HttpLocationTest {
  @Test
  void takesUrlsApart() {
    HttpLocation plain = HttpLocation.parse("HTTP://Example.org/a%20b/c d.tar?x=1#y");
    assertEquals(new HttpLocation(false, "example.org", 80, "/a%20b/c%20d.tar?x=1"), plain);
    assertEquals("example.org", plain.hostHeader());
    HttpLocation six = HttpLocation.parse("https://[::1]:8443?x");
    assertEquals(new HttpLocation(true, "::1", 8443, "/?x"), six);
    assertEquals("[::1]:8443", six.hostHeader());
    assertEquals("/%C3%A4", HttpLocation.parse("http://h/\u00e4").target());
  }

  @Test
  void followsReferences() {
    HttpLocation at = HttpLocation.parse("https://h/a/b?q");
    assertEquals("https://h/a/c?z", at.resolve("c?z").url());
    assertEquals("https://other/x", at.resolve("//other/x").url());
    assertEquals("https://h/c", at.resolve("../c").url());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://",
        "http:///x",
        "http://h:0/",
        "http://h:99999/",
        "http://h/../x",
        "http://h/a/%2e%2E/x",
        "http://h/a/..?x",
        "http://h/./x",
        "ftp://h/x",
        "http://h h/"
      })
  void refusesWhatIsMalformedOrClimbs(String url) {
    assertThrows(IllegalArgumentException.class, () -> HttpLocation.parse(url));
  }

  @Test
  void neverRepeatsSecrets() {
    assertEquals("https://h/a?...", HttpLocation.redacted("https://h/a?X-Amz-Signature=secret"));
    assertEquals("https://h/a", HttpLocation.redacted("https://user:secret@h/a"));
    assertEquals("https://h/a@b", HttpLocation.redacted("https://h/a@b"));
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class, () -> HttpLocation.parse("https://user:secret@h/a"));
    assertFalse(String.valueOf(refused.getMessage()).contains("secret"), refused.getMessage());
  }
}
