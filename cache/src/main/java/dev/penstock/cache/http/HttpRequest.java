package dev.penstock.cache.http;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A request without a body.
 *
 * @param method GET or HEAD
 * @param location where to
 * @param fields header fields beyond Host, User-Agent and Accept-Encoding
 */
public record HttpRequest(String method, HttpLocation location, List<Field> fields) {
  /** A header field. */
  public record Field(String name, String value) {
    /** Refuses what would end the line: such a value would smuggle in fields of its own. */
    public Field {
      if (name.isEmpty() || !isVisible(name) || !isVisible(value)) {
        throw new IllegalArgumentException(
            "header field %s has a value with control characters".formatted(name));
      }
    }

    private static boolean isVisible(String text) {
      return text.chars().allMatch(c -> c >= ' ' && c != 0x7f && c <= 0xff);
    }

    /** Values may be credentials, so they are not shown. */
    @Override
    public String toString() {
      return name;
    }
  }

  /** Copies the fields. */
  public HttpRequest {
    fields = List.copyOf(fields);
  }

  /**
   * As it goes on the wire.
   *
   * @param proxy that is asked in the server's place; not the one that a tunnel goes through
   */
  byte[] encode(String userAgent, Optional<ProxyRules.Proxy> proxy) {
    StringBuilder text = new StringBuilder(512);
    text.append(method).append(' ');
    if (proxy.isPresent()) {
      text.append("http://").append(location.hostHeader());
    }
    text.append(location.target()).append(" HTTP/1.1\r\nHost: ");
    text.append(location.hostHeader()).append("\r\n");
    proxy
        .flatMap(ProxyRules.Proxy::authorization)
        .ifPresent(who -> text.append("Proxy-Authorization: ").append(who).append("\r\n"));
    boolean named = false;
    for (Field field : fields) {
      named |= field.name().equalsIgnoreCase("user-agent");
      if (!field.name().equalsIgnoreCase("host")) {
        text.append(field.name()).append(": ").append(field.value()).append("\r\n");
      }
    }
    if (!named) {
      text.append("User-Agent: ").append(userAgent).append("\r\n");
    }
    // A coding would make ranges those of the coded bytes.
    text.append("Accept-Encoding: identity\r\n\r\n");
    return text.toString().getBytes(StandardCharsets.ISO_8859_1);
  }
}
