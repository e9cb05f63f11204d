package dev.penstock.cache.http;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

/**
 * How the client connects and how long it waits.
 *
 * @param userAgent sent with every request
 * @param idleMax connections kept open for later, at most, over all hosts
 * @param connectMillis until a connection stands, its TLS handshake included
 * @param answerMillis from a request until the head of its answer
 * @param stallMillis without a byte of the body; also the period in which {@code slowBytes} must
 *     have come
 * @param slowBytes what must come in each {@code stallMillis}; slower answers are given up
 * @param resolver from a name to its addresses
 * @param tls asked once, at the first https connection
 * @param proxies through which servers are reached
 */
public record HttpClientConfig(
    String userAgent,
    int idleMax,
    long connectMillis,
    long answerMillis,
    long stallMillis,
    long slowBytes,
    Resolver resolver,
    Supplier<SSLContext> tls,
    ProxyRules proxies) {
  /** From a name to all its addresses. */
  @FunctionalInterface
  public interface Resolver {
    /** Never empty; throws if there is none. */
    List<InetAddress> resolve(String host) throws UnknownHostException;
  }

  /** Checks ranges. */
  public HttpClientConfig {
    if (idleMax < 0 || connectMillis < 1 || answerMillis < 1 || stallMillis < 1 || slowBytes < 0) {
      throw new IllegalArgumentException("timeouts must be positive, was " + connectMillis);
    }
  }

  /** The defaults; what they are for is said in {@code docs/remote.md}. */
  public static HttpClientConfig defaults() {
    return new HttpClientConfig(
        "penstock",
        256,
        5_000,
        10_000,
        10_000,
        64 << 10,
        host -> List.of(InetAddress.getAllByName(host)),
        HttpClientConfig::systemTls,
        ProxyRules.of(System.getenv()));
  }

  /** The same with other times. */
  public HttpClientConfig withMillis(long connect, long answer, long stall) {
    return new HttpClientConfig(
        userAgent, idleMax, connect, answer, stall, slowBytes, resolver, tls, proxies);
  }

  /** The same with another resolver. */
  public HttpClientConfig withResolver(Resolver other) {
    return new HttpClientConfig(
        userAgent,
        idleMax,
        connectMillis,
        answerMillis,
        stallMillis,
        slowBytes,
        other,
        tls,
        proxies);
  }

  /** The same with other trust. */
  public HttpClientConfig withTls(Supplier<SSLContext> other) {
    return new HttpClientConfig(
        userAgent,
        idleMax,
        connectMillis,
        answerMillis,
        stallMillis,
        slowBytes,
        resolver,
        other,
        proxies);
  }

  /** The same by other proxies. */
  public HttpClientConfig withProxies(ProxyRules other) {
    return new HttpClientConfig(
        userAgent,
        idleMax,
        connectMillis,
        answerMillis,
        stallMillis,
        slowBytes,
        resolver,
        tls,
        other);
  }

  private static SSLContext systemTls() {
    try {
      return SSLContext.getDefault();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java has no usable TLS set-up", e);
    }
  }
}
