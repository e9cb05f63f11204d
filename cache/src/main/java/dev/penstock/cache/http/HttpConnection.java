package dev.penstock.cache.http;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/** One connection and what was read of it beyond the last head. One thread at a time. */
final class HttpConnection {
  private static final int FIRST_BUFFER_BYTES = 4 << 10;
  private static final int INTERIM_ANSWERS_MAX = 8;

  final String origin;
  final InetAddress address;
  final Wire wire;
  long idleSince;
  boolean used;

  private byte[] buffer = new byte[FIRST_BUFFER_BYTES];
  private int from;
  private int to;

  HttpConnection(String origin, InetAddress address, Wire wire) {
    this.origin = origin;
    this.address = address;
    this.wire = wire;
  }

  /** Whether bytes lie here that no answer asked for, so that the connection cannot be trusted. */
  boolean hasLeftovers() {
    return from != to;
  }

  /** Bytes of memory that it holds for as long as it is open. */
  int heldBytes() {
    return buffer.length + wire.heldBytes();
  }

  /** Reads the head of the final answer; interim ones are passed over. */
  HttpHead readHead(HttpCall call) throws IOException {
    for (int i = 0; i < INTERIM_ANSWERS_MAX; i++) {
      HttpHead head = readAnyHead(call);
      if (head.status() >= 200) {
        return head;
      }
      if (head.status() == 101) {
        throw new HttpFormatException("the server switched to another protocol unasked");
      }
    }
    throw new HttpFormatException("more than %d interim answers".formatted(INTERIM_ANSWERS_MAX));
  }

  private HttpHead readAnyHead(HttpCall call) throws IOException {
    int searched = 0;
    compact();
    while (true) {
      int end = HttpHead.end(buffer, searched, to);
      if (end >= 0) {
        HttpHead head = HttpHead.parse(buffer, end);
        from = end;
        return head;
      }
      searched = to;
      if (to == HttpHead.BYTES_MAX) {
        throw new HttpFormatException(
            "the head of the answer is larger than %d bytes".formatted(HttpHead.BYTES_MAX));
      }
      if (to == buffer.length) {
        buffer = java.util.Arrays.copyOf(buffer, Math.min(HttpHead.BYTES_MAX, 2 * to));
      }
      if (fill(call) < 0) {
        throw new EOFException(
            to == 0
                ? "the connection was closed before an answer came"
                : "the connection was closed within the head of the answer");
      }
    }
  }

  private int fill(HttpCall call) throws IOException {
    int read = wire.read(ByteBuffer.wrap(buffer, to, buffer.length - to));
    if (read > 0) {
      to += read;
      call.heard(0);
    }
    return read;
  }

  private void compact() {
    System.arraycopy(buffer, from, buffer, 0, to - from);
    to -= from;
    from = 0;
  }

  /** Whether a byte of an answer has come since the last one ended. */
  boolean heardAnything() {
    return to > 0;
  }

  void forgetBuffered() {
    if (from == to) {
      from = 0;
      to = 0;
    }
  }

  /** Reads body bytes: those that came with the head first, then straight into the target. */
  int read(ByteBuffer target, long most, HttpCall call) throws IOException {
    int wanted = (int) Math.min(most, target.remaining());
    if (from < to) {
      int bytes = Math.min(wanted, to - from);
      target.put(buffer, from, bytes);
      from += bytes;
      call.heard(bytes);
      return bytes;
    }
    int limit = target.limit();
    target.limit(target.position() + wanted);
    int read = wire.read(target);
    target.limit(limit);
    if (read > 0) {
      call.heard(read);
    }
    return read;
  }

  /**
   * Reads a line that ends with CRLF and returns it without.
   *
   * @param most its length in bytes, at most
   */
  String readLine(int most, HttpCall call) throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      if (from == to) {
        from = 0;
        to = 0;
        if (fill(call) < 0) {
          throw new EOFException("the connection was closed within a chunked body");
        }
      }
      char c = (char) (buffer[from++] & 0xff);
      if (c == '\n') {
        int end = line.length() - 1;
        if (end < 0 || line.charAt(end) != '\r') {
          throw new HttpFormatException("a line of a chunked body does not end with CRLF");
        }
        return line.substring(0, end);
      }
      if (line.length() > most) {
        throw new HttpFormatException(
            "a line of a chunked body is longer than %d bytes".formatted(most));
      }
      line.append(c);
    }
  }
}
