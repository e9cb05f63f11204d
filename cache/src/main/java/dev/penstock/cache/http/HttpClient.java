package dev.penstock.cache.http;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests over kept connections. Thread-safe; each exchange blocks its own thread. How many
 * run at a time is the caller's to bound.
 */
public final class HttpClient implements AutoCloseable {
  /** Servers commonly drop idle connections after 5 to 60 s; younger ones are worth a try. */
  private static final long IDLE_NANOS = 30_000_000_000L;

  private static final int ADDRESSES_TRIED = 3;

  private final HttpClientConfig config;
  private final Addresses addresses;
  private final ScheduledThreadPoolExecutor timers;

  // Guarded by this.
  private final Map<String, Deque<HttpConnection>> idle = new HashMap<>();
  private @Nullable SSLContext tls;
  private int idleCount;
  private int openCount;
  private long opened;
  private boolean closed;

  private HttpClient(HttpClientConfig config) {
    this.config = config;
    this.addresses = new Addresses(config.resolver());
    this.timers =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("penstock-http-timers").factory());
    timers.setRemoveOnCancelPolicy(true);
    timers.setKeepAliveTime(10, TimeUnit.SECONDS);
    timers.allowCoreThreadTimeOut(true);
  }

  /** A client without connections; the caller closes it. */
  public static HttpClient open(HttpClientConfig config) {
    return new HttpClient(config);
  }

  /**
   * Sends a request and reads the head of its answer; the caller closes the answer.
   *
   * @param fresh whether to use a connection of its own: a second request for something slow should
   *     not queue behind what made the first slow
   * @throws HttpFormatException if the answer is not HTTP/1.1
   * @throws HttpProxyException if the proxy refuses, or what the environment names is none
   * @throws HttpTimeoutException if there is no connection, or no answer, in time
   */
  public HttpResponse send(HttpRequest request, HttpCall call, boolean fresh) throws IOException {
    Optional<ProxyRules.Proxy> asked =
        request.location().tls() ? Optional.empty() : config.proxies().of(request.location());
    byte[] encoded = request.encode(config.userAgent(), asked);
    HttpConnection kept = fresh ? null : takeIdle(request.location().origin());
    while (kept != null) {
      try {
        return exchange(kept, request, encoded, call);
      } catch (IOException failure) {
        // The server may have dropped the kept connection just now; then nothing was answered.
        if (kept.heardAnything() || call.isCancelled() || call.timedOut()) {
          call.finished();
          throw call.explain(failure);
        }
      }
      kept = takeIdle(request.location().origin());
    }
    try {
      return exchange(connect(request.location(), call), request, encoded, call);
    } catch (IOException failure) {
      call.finished();
      throw call.explain(failure);
    }
  }

  private HttpResponse exchange(
      HttpConnection connection, HttpRequest request, byte[] encoded, HttpCall call)
      throws IOException {
    boolean answered = false;
    try {
      connection.forgetBuffered();
      call.asked(connection.wire, config.answerMillis(), timers);
      connection.wire.write(ByteBuffer.wrap(encoded));
      HttpHead head = connection.readHead(call);
      call.answered(connection.wire, config, timers);
      answered = true;
      return new HttpResponse(this, connection, call, head, request.method());
    } finally {
      if (!answered) {
        if (call.timedOut()) {
          addresses.failed(connection.address);
        }
        done(connection, false);
      }
    }
  }

  private synchronized @Nullable HttpConnection takeIdle(String origin) {
    Deque<HttpConnection> kept = idle.get(origin);
    long now = System.nanoTime();
    while (kept != null && !kept.isEmpty()) {
      HttpConnection connection = kept.removeFirst();
      idleCount--;
      if (now - connection.idleSince < IDLE_NANOS) {
        connection.used = true;
        return connection;
      }
      discard(connection);
    }
    return null;
  }

  private HttpConnection connect(HttpLocation location, HttpCall call) throws IOException {
    Optional<ProxyRules.Proxy> proxy = config.proxies().of(location);
    String host = proxy.map(ProxyRules.Proxy::host).orElse(location.host());
    int port = proxy.map(ProxyRules.Proxy::port).orElse(location.port());
    IOException last = new IOException("no address of " + host + " was tried");
    int tried = 0;
    for (InetAddress address : addresses.of(host)) {
      if (tried++ == ADDRESSES_TRIED || call.isCancelled() || call.timedOut()) {
        break;
      }
      try {
        return connect(location, proxy, new InetSocketAddress(address, port), call);
      } catch (SSLHandshakeException | HttpProxyException refused) {
        throw refused; // the next address will show the same certificate, or rules
      } catch (IOException failure) {
        addresses.failed(address);
        last =
            new IOException(
                "cannot connect to %s%s (%s, port %d): %s"
                    .formatted(
                        proxy.isPresent() ? "proxy " : "",
                        host,
                        address.getHostAddress(),
                        port,
                        call.explain(failure).getMessage()),
                failure);
      }
    }
    throw last;
  }

  private HttpConnection connect(
      HttpLocation location,
      Optional<ProxyRules.Proxy> proxy,
      InetSocketAddress address,
      HttpCall call)
      throws IOException {
    SocketChannel channel = SocketChannel.open();
    PlainWire plain = new PlainWire(channel);
    boolean connected = false;
    try {
      call.connecting(plain, config.connectMillis(), timers);
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.connect(address);
      if (proxy.isPresent() && location.tls()) {
        tunnel(location, proxy.get(), plain, address.getAddress(), call);
      }
      Wire wire =
          location.tls()
              ? TlsWire.connect(channel, tls(), location.host(), location.port())
              : plain;
      HttpConnection connection = new HttpConnection(location.origin(), address.getAddress(), wire);
      opened();
      connected = true;
      return connection;
    } finally {
      if (!connected) {
        plain.abort();
      }
    }
  }

  /** Asks the proxy for a way to the server; what goes through is between us and the server. */
  private static void tunnel(
      HttpLocation location,
      ProxyRules.Proxy proxy,
      PlainWire wire,
      InetAddress address,
      HttpCall call)
      throws IOException {
    String host = location.host().contains(":") ? "[" + location.host() + "]" : location.host();
    String server = host + ":" + location.port();
    String who =
        proxy.authorization().map(value -> "Proxy-Authorization: " + value + "\r\n").orElse("");
    String ask = "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n".formatted(server, server, who);
    wire.write(ByteBuffer.wrap(ask.getBytes(StandardCharsets.ISO_8859_1)));
    HttpConnection before = new HttpConnection("proxy", address, wire);
    HttpHead head = before.readHead(call);
    if (head.status() / 100 != 2 || before.hasLeftovers()) {
      int status = head.status();
      String refused =
          "proxy %s gives no way to %s: it answered %d%s"
              .formatted(
                  proxy,
                  server,
                  status,
                  status == 407 ? ", wanting another user and password" : "");
      boolean lasting = status / 100 == 4 && status != 408 && status != 429;
      throw lasting
          ? new HttpProxyException(refused, status == 401 || status == 403 || status == 407)
          : new IOException(refused);
    }
  }

  private synchronized SSLContext tls() {
    SSLContext made = tls;
    if (made == null) {
      made = config.tls().get();
      tls = made;
    }
    return made;
  }

  private synchronized void opened() throws IOException {
    if (closed) {
      throw new IOException("the HTTP client is closed");
    }
    openCount++;
    opened++;
    if (openCount > config.idleMax() && idleCount > 0) {
      discardOldest(); // so that idle ones never add to those that are needed
    }
  }

  void resume(HttpConnection connection, HttpCall call) throws IOException {
    call.answered(connection.wire, config, timers);
  }

  void done(HttpConnection connection, boolean reusable) {
    synchronized (this) {
      if (reusable && !closed) {
        connection.idleSince = System.nanoTime();
        idle.computeIfAbsent(connection.origin, _ -> new ArrayDeque<>()).addFirst(connection);
        idleCount++;
        if (idleCount > config.idleMax()) {
          discardOldest();
        }
        return;
      }
    }
    discard(connection);
  }

  private void discardOldest() {
    @Nullable Deque<HttpConnection> oldest = null;
    for (Deque<HttpConnection> candidate : idle.values()) {
      if (!candidate.isEmpty()
          && (oldest == null || candidate.getLast().idleSince - oldest.getLast().idleSince < 0)) {
        oldest = candidate;
      }
    }
    if (oldest != null) {
      idleCount--;
      discard(oldest.removeLast());
    }
  }

  private synchronized void discard(HttpConnection connection) {
    openCount--;
    connection.wire.abort();
  }

  /** Connections open now, idle ones included. */
  public synchronized int openConnections() {
    return openCount;
  }

  /** Connections opened so far. */
  public synchronized long connectionsOpened() {
    return opened;
  }

  /** Closes idle connections, and each other one with its answer. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      for (Iterator<Deque<HttpConnection>> all = idle.values().iterator(); all.hasNext(); ) {
        all.next().forEach(this::discard);
        all.remove();
      }
      idleCount = 0;
    }
    timers.shutdownNow();
  }
}
