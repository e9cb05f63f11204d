package dev.penstock.cache.remote;

import dev.penstock.cache.remote.FaultServer.Ask;
import dev.penstock.cache.remote.FaultServer.Content;
import dev.penstock.cache.remote.FaultServer.Fault;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/** One connection of the fault server. */
final class FaultLine implements AutoCloseable {
  private static final int HEAD_BYTES_MAX = 32 << 10;
  private static final int DRIP_BYTES = 64;

  private final FaultServer server;
  private final @Nullable SocketChannel channel;
  private final Socket socket;

  FaultLine(FaultServer server, SocketChannel channel) throws IOException {
    this.server = server;
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    this.channel = channel;
    this.socket = channel.socket();
  }

  FaultLine(FaultServer server, SSLSocket socket) {
    this.server = server;
    this.channel = null;
    this.socket = socket;
  }

  void serve() {
    try (this) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      Ask ask = read(in);
      while (ask != null && answer(ask)) {
        ask = read(in);
      }
    } catch (IOException _) {
      // The client went away, or we did.
    } finally {
      server.connections.remove(this);
    }
  }

  private @Nullable Ask read(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n", Math.max(0, head.length() - 4)) < 0) {
      int next = in.read();
      if (next < 0 || head.length() > HEAD_BYTES_MAX) {
        return null;
      }
      head.append((char) next);
    }
    String[] lines = head.toString().split("\r\n", -1);
    String[] words = lines[0].split(" ", -1);
    Map<String, String> fields = new LinkedHashMap<>();
    for (int i = 1; i < lines.length; i++) {
      int colon = lines[i].indexOf(':');
      if (colon > 0) {
        String name = lines[i].substring(0, colon).toLowerCase(Locale.ROOT);
        fields.put(name, lines[i].substring(colon + 1).strip());
      }
    }
    Ask ask = new Ask(words[0], words[1], fields, server.requests.getAndIncrement());
    server.came(ask);
    return ask;
  }

  /** Whether the connection lives on. */
  private boolean answer(Ask ask) throws IOException {
    Fault fault = server.faults.apply(ask);
    server.pause(server.latencyMillis);
    switch (fault) {
      case RESET -> {
        reset();
        return false;
      }
      case STALL -> server.pause(server.stallMillis);
      case UNAVAILABLE -> {
        return plain(ask, "503 Slow Down", "Retry-After: 0\r\n");
      }
      case ERROR -> {
        return plain(ask, "500 Internal Server Error", "");
      }
      case GARBAGE -> {
        send("\0\1\2 this is not HTTP\r\n\r\n");
        return false;
      }
      default -> {}
    }
    String required = server.authorization;
    if (required != null && !required.equals(ask.fields().get("authorization"))) {
      return plain(ask, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n");
    }
    String elsewhere = server.redirects.get(ask.path());
    if (elsewhere != null) {
      return plain(ask, "302 Found", "Location: " + elsewhere + "\r\n");
    }
    if (!server.heads && ask.method().equals("HEAD")) {
      return plain(ask, "405 Method Not Allowed", "");
    }
    Content content = server.objects.get(ask.path());
    if (content == null) {
      // As common servers do: a directory is there, and its listing is nobody's business.
      return plain(ask, ask.path().endsWith("/") ? "403 Forbidden" : "404 Not Found", "");
    }
    return give(ask, content, fault);
  }

  private boolean plain(Ask ask, String status, String fields) throws IOException {
    String body = ask.method().equals("HEAD") ? "" : "no\n";
    send("HTTP/1.1 %s\r\n%sContent-Length: 3\r\n\r\n%s".formatted(status, fields, body));
    return true;
  }

  private boolean give(Ask ask, Content content, Fault fault) throws IOException {
    String etag = fault == Fault.CHANGED ? "\"another\"" : content.etag;
    String match = ask.fields().get("if-match");
    if (match != null && !match.equals(etag)) {
      return plain(ask, "412 Precondition Failed", "");
    }
    String range = ask.fields().get("range");
    boolean partial = server.ranges && range != null && range.matches("bytes=\\d+-\\d+");
    long first = 0;
    long end = content.size;
    if (partial && range != null) {
      int dash = range.indexOf('-');
      first = Long.parseLong(range.substring(6, dash));
      end = Math.min(end, Long.parseLong(range.substring(dash + 1)) + 1);
      if (first >= content.size) {
        return plain(ask, "416 Range Not Satisfiable", "");
      }
    }
    boolean chunked = fault == Fault.CHUNKED;
    StringBuilder head =
        new StringBuilder(partial ? "HTTP/1.1 206 Partial Content\r\n" : "HTTP/1.1 200 OK\r\n");
    head.append(
        "Last-Modified: Mon, 02 Mar 2026 00:00:%02d GMT\r\n"
            .formatted(Math.floorMod(etag.hashCode(), 60)));
    if (server.tags) {
      head.append("ETag: ").append(etag).append("\r\n");
    }
    if (server.ranges) {
      head.append("Accept-Ranges: bytes\r\n");
    }
    if (partial) {
      long shown = fault == Fault.WRONG_RANGE ? first + 1 : first;
      head.append("Content-Range: bytes %d-%d/%d\r\n".formatted(shown, end - 1, content.size));
    }
    if (chunked) {
      head.append("Transfer-Encoding: chunked\r\n");
    } else {
      long extra = fault == Fault.WRONG_LENGTH && ask.method().equals("GET") ? 7 : 0;
      head.append("Content-Length: ").append(end - first + extra).append("\r\n");
    }
    if (fault == Fault.CLOSE) {
      head.append("Connection: close\r\n");
    }
    send(head.append("\r\n").toString());
    if (ask.method().equals("HEAD")) {
      return fault != Fault.CLOSE;
    }
    return body(content, first, end, fault);
  }

  private boolean body(Content content, long first, long end, Fault fault) throws IOException {
    long middle = first + (end - first) / 2;
    switch (fault) {
      case STALL_IN_BODY -> {
        send(content, first, middle, false);
        server.pause(server.stallMillis);
        send(content, middle, end, false);
      }
      case RESET_IN_BODY -> {
        send(content, first, middle, false);
        reset();
        return false;
      }
      case SHORT_BODY, WRONG_LENGTH -> {
        send(content, first, fault == Fault.SHORT_BODY ? middle : end, false);
        return false;
      }
      case DRIP -> {
        for (long at = first; at < end && !server.isClosing(); at += DRIP_BYTES) {
          send(content, at, Math.min(end, at + DRIP_BYTES), false);
          server.pause(20);
        }
      }
      case CHUNKED -> {
        for (long at = first; at < end; at += 10_000) {
          long to = Math.min(end, at + 10_000);
          send(Long.toHexString(to - at) + ";x=y\r\n");
          send(content, at, to, false);
          send("\r\n");
        }
        send("0\r\nTrailer: x\r\n\r\n");
      }
      default -> send(content, first, end, fault == Fault.BIT_FLIP);
    }
    return fault != Fault.CLOSE;
  }

  private void send(Content content, long first, long end, boolean flip) throws IOException {
    byte[] bytes = content.bytes;
    Path file = content.file;
    if (bytes != null) {
      OutputStream out = socket.getOutputStream();
      if (flip && end > first) {
        byte[] wrong = Arrays.copyOfRange(bytes, (int) first, (int) end);
        wrong[wrong.length / 2] ^= 1;
        out.write(wrong);
      } else {
        out.write(bytes, (int) first, (int) (end - first));
      }
    } else if (file != null && channel != null) {
      try (FileChannel from = FileChannel.open(file)) {
        for (long at = first; at < end; ) {
          at += from.transferTo(at, end - at, channel);
        }
      }
    } else {
      throw new IOException("files are served without TLS only");
    }
  }

  private void send(String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
