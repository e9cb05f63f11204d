package dev.penstock.cache.remote;

import dev.penstock.cache.http.HttpLocation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who we are for which web server: a bearer token or a user and password from the environment, for
 * the hosts it names, else from netrc. Never sent to another host, whatever redirects say, nor in
 * the clear to another machine unless that is asked for. Immutable.
 */
public final class HttpCredentials {
  static final String HOSTS = "PENSTOCK_HTTP_AUTH_HOSTS";
  static final String TOKEN = "PENSTOCK_HTTP_TOKEN";
  static final String USER = "PENSTOCK_HTTP_USER";
  static final String PASSWORD = "PENSTOCK_HTTP_PASSWORD";
  static final String CLEAR = "PENSTOCK_HTTP_AUTH_IN_CLEAR";

  private final Map<String, String> environment;
  private final Netrc netrc;
  private final String netrcName;

  /**
   * The identity for one server.
   *
   * @param header the value of the Authorization field; empty for nobody
   * @param shown for messages; no secret
   */
  record Identity(Optional<String> header, String shown) {
    @Override
    public String toString() {
      return shown;
    }
  }

  private HttpCredentials(Map<String, String> environment, Netrc netrc, String netrcName) {
    this.environment = Map.copyOf(environment);
    this.netrc = netrc;
    this.netrcName = netrcName;
  }

  /**
   * From this process's environment, and the file that {@code NETRC} names, else {@code ~/.netrc}.
   *
   * @throws IllegalArgumentException if the environment has a token but not for whom
   */
  public static HttpCredentials ofProcess() {
    return of(System.getenv(), Path.of(System.getProperty("user.home", "/")));
  }

  /** Nobody, everywhere. */
  public static HttpCredentials none() {
    return new HttpCredentials(Map.of(), Netrc.parse(""), "no netrc");
  }

  static HttpCredentials of(Map<String, String> environment, Path home) {
    boolean secret = environment.containsKey(TOKEN) || environment.containsKey(PASSWORD);
    if (secret && environment.getOrDefault(HOSTS, "").isBlank()) {
      throw new IllegalArgumentException(
          "%s or %s is set, but not %s: name the hosts (comma-separated) that may see it"
              .formatted(TOKEN, PASSWORD, HOSTS));
    }
    String named = environment.getOrDefault("NETRC", "");
    Path file = named.isEmpty() ? home.resolve(".netrc") : Path.of(named);
    return new HttpCredentials(environment, read(file), file.toString());
  }

  private static Netrc read(Path file) {
    try {
      return Netrc.parse(Files.readString(file));
    } catch (IOException _) {
      return Netrc.parse(""); // most machines have none
    }
  }

  Identity of(HttpLocation location) {
    Optional<Identity> found = named(location.host());
    if (found.isEmpty()) {
      return new Identity(
          Optional.empty(),
          "as nobody: neither %s names %s nor does %s"
              .formatted(HOSTS, location.host(), netrcName));
    }
    if (!location.tls() && !location.isLoopback() && !environment.containsKey(CLEAR)) {
      return new Identity(
          Optional.empty(),
          "as nobody: there is an identity for %s, but it is not sent without TLS; use https, or set %s=1"
              .formatted(location.host(), CLEAR));
    }
    return found.get();
  }

  private Optional<Identity> named(String host) {
    List<String> hosts = Arrays.asList(environment.getOrDefault(HOSTS, "").split("\\s*,\\s*", -1));
    if (hosts.stream().anyMatch(host::equalsIgnoreCase)) {
      String token = environment.get(TOKEN);
      if (token != null) {
        return Optional.of(
            new Identity(Optional.of("Bearer " + token.strip()), "with the token of " + TOKEN));
      }
      String user = environment.getOrDefault(USER, "");
      String password = environment.getOrDefault(PASSWORD, "");
      return Optional.of(
          new Identity(Optional.of(basic(user, password)), "as '%s' of %s".formatted(user, USER)));
    }
    return netrc
        .find(host)
        .map(
            entry ->
                new Identity(
                    Optional.of(basic(entry.login(), entry.password())),
                    "as '%s' of %s".formatted(entry.login(), netrcName)));
  }

  private static String basic(String user, String password) {
    byte[] both = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
    return "Basic " + Base64.getEncoder().encodeToString(both);
  }
}
