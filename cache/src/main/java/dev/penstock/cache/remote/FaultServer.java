package dev.penstock.cache.remote;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * A web server that misbehaves as told. Shipped, like the other doubles, because benchmarks and
 * tools need it as well as tests. Serves objects from memory, and files by sendfile, on loopback
 * addresses only. Thread-safe.
 */
public final class FaultServer implements AutoCloseable {
  /** What one answer does. */
  public enum Fault {
    /** What it should. */
    NONE,
    /** Waits before the head. */
    STALL,
    /** Waits in the middle of the body. */
    STALL_IN_BODY,
    /** Resets the connection instead of answering. */
    RESET,
    /** Resets it in the middle of the body. */
    RESET_IN_BODY,
    /** Ends the connection in the middle of the body. */
    SHORT_BODY,
    /** Announces more bytes than the range has. */
    WRONG_LENGTH,
    /** Answers another range. */
    WRONG_RANGE,
    /** Answers 503 with a wish to wait. */
    UNAVAILABLE,
    /** Answers 500. */
    ERROR,
    /** Sends a few bytes at a time. */
    DRIP,
    /** Is not HTTP. */
    GARBAGE,
    /** Says that the object is another version. */
    CHANGED,
    /** Flips a bit of the body, which nothing in HTTP tells. */
    BIT_FLIP,
    /** Sends the body in chunks. */
    CHUNKED,
    /** Closes the connection after the answer, and says so. */
    CLOSE
  }

  /**
   * A request as it came.
   *
   * @param method GET or HEAD
   * @param target path and query
   * @param fields by lower-case name
   * @param number of the request, from 0
   */
  public record Ask(String method, String target, Map<String, String> fields, long number) {
    /** The path without the query. */
    public String path() {
      int query = target.indexOf('?');
      return query < 0 ? target : target.substring(0, query);
    }
  }

  static final class Content {
    final byte @Nullable [] bytes;
    final @Nullable Path file;
    final long size;
    final String etag;

    Content(byte @Nullable [] bytes, @Nullable Path file, long size, String etag) {
      this.bytes = bytes;
      this.file = file;
      this.size = size;
      this.etag = etag;
    }
  }

  private final @Nullable ServerSocketChannel plain;
  private final @Nullable ServerSocket secure;
  final Map<String, Content> objects = new ConcurrentHashMap<>();
  final Map<String, String> redirects = new ConcurrentHashMap<>();
  private final List<Ask> asked = new ArrayList<>();
  final Set<AutoCloseable> connections = ConcurrentHashMap.newKeySet();
  private final AtomicInteger connectionsSeen = new AtomicInteger();
  final AtomicLong requests = new AtomicLong();
  private final AtomicLong versions = new AtomicLong();
  private final CountDownLatch closing = new CountDownLatch(1);
  volatile Function<Ask, Fault> faults = ask -> Fault.NONE;
  volatile long stallMillis = 1_000;
  volatile long latencyMillis;
  volatile boolean ranges = true;
  volatile boolean tags = true;
  volatile boolean heads = true;
  private volatile boolean remembers;
  volatile @Nullable String authorization;

  private FaultServer(@Nullable ServerSocketChannel plain, @Nullable ServerSocket secure) {
    this.plain = plain;
    this.secure = secure;
  }

  /** Listens on a free port of all loopback addresses; the caller closes it. */
  public static FaultServer start() {
    return start(null);
  }

  /** The same with TLS. */
  public static FaultServer start(@Nullable SSLContext tls) {
    try {
      InetAddress all = InetAddress.getByName("0.0.0.0");
      ServerSocketChannel plain =
          tls == null ? ServerSocketChannel.open().bind(new InetSocketAddress(all, 0), 512) : null;
      ServerSocket secure =
          tls == null ? null : tls.getServerSocketFactory().createServerSocket(0, 64, all);
      FaultServer server = new FaultServer(plain, secure);
      Thread.ofPlatform().daemon().name("penstock-fault-server").start(server::accept);
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The URL of a path, which begins with a slash. */
  public String url(String path) {
    return secure == null
        ? "http://127.0.0.1:%d%s".formatted(port(), path)
        : "https://localhost:%d%s".formatted(port(), path);
  }

  /** Where it listens. */
  public int port() {
    return plain != null
        ? plain.socket().getLocalPort()
        : secure != null ? secure.getLocalPort() : -1;
  }

  /** Stores bytes at a path, as a new version; not copied. */
  public void put(String path, byte[] bytes) {
    objects.put(path, new Content(bytes, null, bytes.length, nextTag()));
  }

  /** Serves a file at a path. */
  public void put(String path, Path file) throws IOException {
    objects.put(path, new Content(null, file, Files.size(file), nextTag()));
  }

  /** Redirects a path to a location. */
  public void redirect(String path, String location) {
    redirects.put(path, location);
  }

  private String nextTag() {
    return "\"v%d\"".formatted(versions.incrementAndGet());
  }

  /** What each answer does from now on. */
  public void faults(Function<Ask, Fault> choice) {
    faults = choice;
  }

  /** How long stalled answers wait, in milliseconds. */
  public void stallMillis(long millis) {
    stallMillis = millis;
  }

  /** How long every answer waits, in milliseconds, as on a long line. */
  public void latencyMillis(long millis) {
    latencyMillis = millis;
  }

  /** Whether parts of objects are given. */
  public void ranges(boolean given) {
    ranges = given;
  }

  /** Whether objects have ETags; otherwise only a date. */
  public void tags(boolean given) {
    tags = given;
  }

  /** Whether HEAD is understood. */
  public void heads(boolean understood) {
    heads = understood;
  }

  /** Refuses requests whose Authorization field is another. */
  public void authorization(@Nullable String value) {
    authorization = value;
  }

  /** Remembers requests from now on, for {@link #asked}. */
  public void remember() {
    remembers = true;
  }

  /** The requests since {@link #remember}. */
  public List<Ask> asked() {
    synchronized (asked) {
      return List.copyOf(asked);
    }
  }

  /** Requests so far. */
  public long requests() {
    return requests.get();
  }

  /** Connections so far. */
  public int connections() {
    return connectionsSeen.get();
  }

  /** Connections now. */
  public int openConnections() {
    return connections.size();
  }

  /** A request has come: its number, or what is remembered of it. */
  void came(Ask ask) {
    if (remembers) {
      synchronized (asked) {
        asked.add(ask);
      }
    }
  }

  boolean isClosing() {
    return closing.getCount() == 0;
  }

  /** Waits, but not for a server that is being closed. */
  void pause(long millis) {
    if (millis > 0) {
      try {
        var _ = closing.await(millis, TimeUnit.MILLISECONDS);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void accept() {
    while (closing.getCount() > 0) {
      try {
        FaultLine line;
        if (plain != null) {
          line = new FaultLine(this, plain.accept());
        } else if (secure != null && secure.accept() instanceof SSLSocket socket) {
          line = new FaultLine(this, socket);
        } else {
          throw new IOException("listens nowhere");
        }
        connectionsSeen.incrementAndGet();
        connections.add(line);
        Thread.ofPlatform()
            .daemon()
            .stackSize(256 << 10)
            .name("penstock-fault-server-line")
            .start(line::serve);
      } catch (IOException _) {
        // Closed, or one connection fewer.
      }
    }
  }

  @Override
  public void close() {
    closing.countDown();
    try {
      if (plain != null) {
        plain.close();
      }
      if (secure != null) {
        secure.close();
      }
      for (AutoCloseable line : connections) {
        line.close();
      }
    } catch (Exception e) {
      throw new IllegalStateException("the fault server did not close", e);
    }
  }
}
