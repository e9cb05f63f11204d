package dev.penstock.cache.http;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An answer whose body is read by the caller, who closes it. Closing gives the connection back if
 * the body was read to its end, and cuts it otherwise. One thread.
 */
public final class HttpResponse implements AutoCloseable {
  private static final int CHUNK_LINE_MAX = 4096;
  private static final int TRAILERS_MAX = 64;
  private static final int DRAIN_BYTES_MAX = 16 << 10;

  private final HttpClient client;
  private final HttpConnection connection;
  private HttpCall call;
  private final HttpHead head;
  private final boolean untilClose;

  /** Left of the body, or of the current chunk. */
  private long left;

  private boolean firstChunk = true;
  private boolean ended;
  private boolean broken;
  private boolean closed;
  private long received;

  HttpResponse(
      HttpClient client, HttpConnection connection, HttpCall call, HttpHead head, String method) {
    this.client = client;
    this.connection = connection;
    this.call = call;
    this.head = head;
    boolean empty = method.equals("HEAD") || head.status() == 204 || head.status() == 304;
    this.untilClose = !empty && !head.isChunked() && head.contentLength() < 0;
    this.left = empty || head.isChunked() || untilClose ? 0 : head.contentLength();
    this.ended = empty || (!head.isChunked() && !untilClose && left == 0);
  }

  /** Status and header fields. */
  public HttpHead head() {
    return head;
  }

  /** Which machine answered, for people. */
  public String peer() {
    return connection.address.getHostAddress();
  }

  /**
   * Reads body bytes into {@code target}, which has room; -1 at the end of the body.
   *
   * @throws EOFException if the connection ends before the body does
   * @throws HttpTimeoutException if nothing, or too little, comes in time
   */
  public int read(ByteBuffer target) throws IOException {
    try {
      return readBody(target);
    } catch (IOException failure) {
      broken = true;
      throw call.explain(failure);
    }
  }

  private int readBody(ByteBuffer target) throws IOException {
    if (!ended && left == 0 && head.isChunked()) {
      nextChunk();
    }
    if (ended) {
      return -1;
    }
    int read = connection.read(target, untilClose ? Long.MAX_VALUE : left, call);
    if (read < 0) {
      if (untilClose) {
        ended = true;
        return -1;
      }
      throw new EOFException(
          "the connection was closed %d bytes before the end of the body".formatted(left));
    }
    received += read;
    if (!untilClose) {
      left -= read;
      ended = left == 0 && !head.isChunked();
    }
    return read;
  }

  private void nextChunk() throws IOException {
    if (!firstChunk && !connection.readLine(2, call).isEmpty()) {
      throw new HttpFormatException("a chunk is longer than its length says");
    }
    firstChunk = false;
    String line = connection.readLine(CHUNK_LINE_MAX, call);
    int extension = line.indexOf(';');
    left = hex(extension < 0 ? line : line.substring(0, extension).strip());
    if (left == 0) {
      for (int trailers = 0; !connection.readLine(CHUNK_LINE_MAX, call).isEmpty(); trailers++) {
        if (trailers == TRAILERS_MAX) {
          throw new HttpFormatException("more than %d trailers".formatted(TRAILERS_MAX));
        }
      }
      ended = true;
    }
  }

  private static long hex(String digits) throws HttpFormatException {
    if (digits.isEmpty() || digits.length() > 15) {
      throw new HttpFormatException("malformed chunk length");
    }
    long value = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = Character.digit(digits.charAt(i), 16);
      if (digit < 0 || digits.charAt(i) > 'f') {
        throw new HttpFormatException("malformed chunk length");
      }
      value = value << 4 | digit;
    }
    return value;
  }

  /** Goes on reading after {@link #pause}, on behalf of another call. */
  public void continueAs(HttpCall other) throws IOException {
    call = other;
    client.resume(connection, other);
  }

  /** Nobody waits for more now, for as long as it takes; the connection stays this answer's. */
  public void pause() {
    call.finished();
  }

  /** Whether the body has no length of its own, so that only its sender knows where it ends. */
  public boolean endsWithConnection() {
    return untilClose;
  }

  /** Body bytes read so far. */
  public long received() {
    return received;
  }

  /** The beginning of the body as text, for messages; reads at most {@code most} bytes. */
  public String text(int most) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(most);
    while (bytes.hasRemaining() && read(bytes) >= 0) {
      // Until the end or the limit.
    }
    return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    if (closed) {
      throw new IllegalStateException("this answer was closed already");
    }
    closed = true;
    @Nullable HttpConnection reusable = isReusable() ? connection : null;
    call.finished();
    client.done(connection, reusable != null);
  }

  private boolean isReusable() {
    if (broken || untilClose || !head.keepsAlive() || call.isCancelled()) {
      return false;
    }
    if (!ended && !head.isChunked() && left <= DRAIN_BYTES_MAX) {
      try {
        ByteBuffer rest = ByteBuffer.allocate((int) left);
        while (rest.hasRemaining() && readBody(rest) >= 0) {
          // What is left costs less than a new connection.
        }
      } catch (IOException _) {
        return false;
      }
    } else if (!ended && head.isChunked() && left == 0) {
      try {
        nextChunk();
      } catch (IOException _) {
        return false;
      }
    }
    return ended && !connection.hasLeftovers();
  }
}
