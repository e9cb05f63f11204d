package dev.penstock.cache.http;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Through which proxy a server is reached, as the environment says: {@code HTTPS_PROXY}, {@code
 * HTTP_PROXY}, {@code ALL_PROXY} and {@code NO_PROXY}, in small letters too, which come first.
 * Immutable.
 */
public final class ProxyRules {
  /** No proxy for anybody. */
  public static final ProxyRules NONE = of(Map.of());

  private static final Pattern URL =
      Pattern.compile(
          "(?i)(?:http://)?(?:([^/@\\s]*)@)?(\\[[0-9a-f:.]+\\]|[a-z0-9._-]+)(?::(\\d{1,5}))?/?");

  private static final int USUAL_PORT = 80;

  private final Map<String, String> environment;
  private final List<String> without;

  /** Of these, those that name a range of addresses. */
  private final List<AddressRange> ranges;

  /**
   * A proxy.
   *
   * @param host name or address, without brackets
   * @param port of it
   * @param authorization value of a Proxy-Authorization field, if it wants one
   */
  public record Proxy(String host, int port, Optional<String> authorization) {
    /** The authorization may be a password, so it is not shown. */
    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  private ProxyRules(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
    List<String> entries = new ArrayList<>();
    for (String entry : value(environment, "no_proxy").orElse("").split("[,\\s]+", -1)) {
      if (!entry.isEmpty()) {
        entries.add(entry.toLowerCase(Locale.ROOT));
      }
    }
    this.without = List.copyOf(entries);
    this.ranges = without.stream().map(AddressRange::parse).flatMap(Optional::stream).toList();
  }

  /** By the variables of an environment; what is wrong in them is said when they are needed. */
  public static ProxyRules of(Map<String, String> environment) {
    return new ProxyRules(environment);
  }

  private static Optional<String> value(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name))
        .or(() -> Optional.ofNullable(environment.get(name.toUpperCase(Locale.ROOT))))
        .map(String::strip)
        .filter(text -> !text.isEmpty());
  }

  private static Proxy parse(String variable, String url) throws HttpProxyException {
    Matcher parts = URL.matcher(url);
    boolean named = parts.matches();
    int port = named && parts.group(3) != null ? Integer.parseInt(parts.group(3)) : USUAL_PORT;
    if (!named || port < 1 || port > 65_535) {
      throw new HttpProxyException(
          "%s (or %s) is no proxy of the form http://[user:password@]host[:port]; https and socks proxies are not supported"
              .formatted(variable, variable.toUpperCase(Locale.ROOT)),
          false);
    }
    String host = parts.group(2).replaceAll("[\\[\\]]", "").toLowerCase(Locale.ROOT);
    Optional<String> authorization =
        Optional.ofNullable(parts.group(1))
            .map(HttpLocation::decoded)
            .map(user -> user.contains(":") ? user : user + ":")
            .map(user -> user.getBytes(StandardCharsets.UTF_8))
            .map(user -> "Basic " + Base64.getEncoder().encodeToString(user));
    return new Proxy(host, port, authorization);
  }

  /**
   * The proxy for a location; empty if it is reached directly, as this machine always is without
   * TLS: credentials go to it in the clear, which a proxy would see.
   *
   * @throws HttpProxyException if the environment names something that is no proxy
   */
  public Optional<Proxy> of(HttpLocation location) throws HttpProxyException {
    if (location.isLoopback() && !location.tls()) {
      return Optional.empty();
    }
    String own = location.tls() ? "https_proxy" : "http_proxy";
    String variable = value(environment, own).isPresent() ? own : "all_proxy";
    Optional<String> url = value(environment, variable);
    return url.isEmpty() || isWithout(location)
        ? Optional.empty()
        : Optional.of(parse(variable, url.get()));
  }

  /** A host that is a name is in no range: looking it up here would ask whom a proxy may hide. */
  private boolean isWithout(HttpLocation location) {
    return without.stream().anyMatch(entry -> names(entry, location))
        || AddressRange.literal(location.host())
            .map(address -> ranges.stream().anyMatch(range -> range.contains(address)))
            .orElse(false);
  }

  /** A name stands for itself and what is below it, with a port for that port alone. */
  private static boolean names(String entry, HttpLocation location) {
    String port = ":" + location.port();
    // The end of a bare IPv6 address is no port.
    boolean ported =
        entry.endsWith(port)
            && (entry.startsWith("[") || entry.indexOf(':') == entry.lastIndexOf(':'));
    String plain = ported ? entry.substring(0, entry.length() - port.length()) : entry;
    String name = plain.replaceAll("[\\[\\]]", "").replaceFirst("^\\*?\\.", "");
    return entry.equals("*")
        || location.host().equals(name)
        || (!name.isEmpty() && location.host().endsWith("." + name));
  }
}
