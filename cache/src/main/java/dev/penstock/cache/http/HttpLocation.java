package dev.penstock.cache.http;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An http or https URL, taken apart.
 *
 * @param tls whether the scheme is https
 * @param host lower case; an IPv6 address without its brackets
 * @param port given or the scheme's own
 * @param target path and query as they go on the wire, beginning with {@code /}
 */
public record HttpLocation(boolean tls, String host, int port, String target) {
  private static final Pattern URL =
      Pattern.compile(
          "(?i)(https?)://([^/?#@]*@)?(\\[[0-9a-f:.]+\\]|[a-z0-9._-]+)(?::(\\d{1,5}))?([/?][^#]*)?(#.*)?");
  private static final Pattern DOT_SEGMENT =
      Pattern.compile("(?i)(^|/)(\\.|%2e){1,2}(/|$|(?=\\?))");
  private static final String UNRESERVED = "-._~!$&'()*+,;=:@/?%";

  /** Whether a location has the form of one. */
  public static boolean isHttp(String url) {
    return url.regionMatches(true, 0, "http://", 0, 7)
        || url.regionMatches(true, 0, "https://", 0, 8);
  }

  /**
   * Parses a URL. Characters that may not stand in one are percent-encoded as UTF-8.
   *
   * @throws IllegalArgumentException if it is malformed, holds a password, or climbs with {@code
   *     ..}; the message does not repeat a password
   */
  public static HttpLocation parse(String url) {
    Matcher parts = URL.matcher(url);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "'%s' is no http or https URL of the form https://host[:port]/path"
              .formatted(redacted(url)));
    }
    if (parts.group(2) != null) {
      throw new IllegalArgumentException(
          "%s: a URL must not hold a user or password, they would end up in logs; put them into ~/.netrc or the environment (docs/remote.md)"
              .formatted(redacted(url)));
    }
    boolean tls = parts.group(1).equalsIgnoreCase("https");
    String host = parts.group(3).toLowerCase(Locale.ROOT);
    int port = parts.group(4) == null ? (tls ? 443 : 80) : Integer.parseInt(parts.group(4));
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException(redacted(url) + ": port must be 1 to 65535");
    }
    String target = parts.group(5) == null ? "/" : parts.group(5);
    if (target.startsWith("?")) {
      target = "/" + target;
    }
    if (DOT_SEGMENT.matcher(path(target)).find()) {
      throw new IllegalArgumentException(
          redacted(url) + ": the path must not hold '.' or '..' segments");
    }
    String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    return new HttpLocation(tls, bare, port, encode(target));
  }

  /** The location that a redirect names, relative to this one. */
  public HttpLocation resolve(String reference) {
    return parse(URI.create(url()).resolve(reference.strip()).normalize().toString());
  }

  /** A URL fit for people: without user, query and fragment, which may hold secrets. */
  public static String redacted(String url) {
    int authority = url.indexOf("://");
    if (authority < 0) {
      return url;
    }
    int end = url.length();
    for (char stop : new char[] {'?', '#'}) {
      int at = url.indexOf(stop, authority);
      end = at < 0 ? end : Math.min(end, at);
    }
    int slash = url.indexOf('/', authority + 3);
    int user = url.lastIndexOf('@', slash < 0 || slash > end ? end : slash);
    String shown =
        user > authority
            ? url.substring(0, authority + 3) + url.substring(user + 1, end)
            : url.substring(0, end);
    return end < url.length() ? shown + "?..." : shown;
  }

  /** Whether it is this machine, so that what is sent there leaves it for nobody to see. */
  public boolean isLoopback() {
    return host.equals("localhost") || host.equals("::1") || host.matches("127(\\.\\d{1,3}){3}");
  }

  /** Scheme, host and port: what connections and credentials belong to. */
  String origin() {
    return (tls ? "https://" : "http://") + hostHeader();
  }

  /** The value of the Host header. */
  String hostHeader() {
    String name = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    return port == (tls ? 443 : 80) ? name : name + ":" + port;
  }

  /** The whole URL. */
  public String url() {
    return origin() + target;
  }

  private static String path(String target) {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  private static String encode(String target) {
    StringBuilder encoded = new StringBuilder(target.length());
    for (byte b : target.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if ((c < 0x80 && Character.isLetterOrDigit(c)) || UNRESERVED.indexOf(c) >= 0) {
        encoded.append(c);
      } else {
        encoded.append('%').append(String.format(Locale.ROOT, "%02X", (int) c));
      }
    }
    return encoded.toString();
  }

  @Override
  public String toString() {
    return redacted(url());
  }

  /** Text of a URL with its percent-encoding undone; a broken one stays as it is. */
  static String decoded(String text) {
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException broken) {
      return text;
    }
  }
}
