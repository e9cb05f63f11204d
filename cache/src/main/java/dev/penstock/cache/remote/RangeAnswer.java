package dev.penstock.cache.remote;

import dev.penstock.cache.http.HttpFormatException;
import dev.penstock.cache.http.HttpHead;
import dev.penstock.cache.http.HttpResponse;
import dev.penstock.cache.origin.ObjectVersion;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.origin.StoredObject;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;

/** Checks of an answer to a range, the same for all stores that speak HTTP. */
public final class RangeAnswer {
  private static final int MESSAGE_BYTES = 2048;
  private static final long RETRY_AFTER_SECONDS_MAX = 3600;

  private RangeAnswer() {}

  /** What pins the object that a head describes: its ETag, else its date and length. */
  public static ObjectVersion version(HttpHead head, long sizeBytes) {
    return new ObjectVersion(
        head.first("etag")
            .map(tag -> "etag " + tag)
            .orElseGet(
                () ->
                    head.first("last-modified")
                        .map(date -> "modified %s, %d bytes".formatted(date, sizeBytes))
                        .orElse("%d bytes, the server names no version".formatted(sizeBytes))));
  }

  /**
   * Checks that a 206 answer is the range asked for, of the version asked for.
   *
   * @throws OriginException of kind CHANGED with both versions
   * @throws HttpFormatException if it is another range
   */
  public static void check(HttpHead head, StoredObject object, long offset, long length)
      throws IOException {
    HttpHead.ContentRange range = head.contentRange();
    long whole = range.whole() < 0 ? object.sizeBytes() : range.whole();
    ObjectVersion found = version(head, whole);
    if (whole != object.sizeBytes() || !found.equals(object.version())) {
      throw changed(object, found, whole);
    }
    boolean within =
        range.first() == offset && range.last() >= offset && range.last() < offset + length;
    boolean consistent =
        head.contentLength() < 0 || head.contentLength() == range.last() - range.first() + 1;
    if (!within || !consistent) {
      throw new HttpFormatException(
          "asked for bytes %d to %d, the answer is bytes %d to %d with a length of %d"
              .formatted(
                  offset, offset + length - 1, range.first(), range.last(), head.contentLength()));
    }
  }

  /**
   * Checks what a store has now at the location of an object that is to be opened.
   *
   * @throws OriginException of kind NOT_FOUND, or CHANGED with both versions
   */
  public static void requireSame(StoredObject object, Optional<StoredObject> now)
      throws OriginException {
    if (now.isEmpty()) {
      throw new OriginException(
          Kind.NOT_FOUND,
          Retry.PERMANENT,
          object.location(),
          "the object was there when it was found, and is not now");
    }
    if (!now.get().version().equals(object.version())) {
      throw changed(object, now.get().version(), now.get().sizeBytes());
    }
  }

  /** The error for another version than the recorded one. */
  public static OriginException changed(StoredObject object, ObjectVersion found, long sizeBytes) {
    return new OriginException(
        Kind.CHANGED,
        Retry.PERMANENT,
        object.location(),
        "the object changed since it was found: version was %s (%d bytes), is now %s (%d bytes); start again to read the new one"
            .formatted(object.version().tag(), object.sizeBytes(), found.tag(), sizeBytes));
  }

  /**
   * Puts {@code length} bytes of the answer into {@code body}.
   *
   * @throws EOFException if the answer ends before
   */
  public static void receive(HttpResponse answer, long length, RangeTransport.Body body)
      throws IOException {
    long left = length;
    while (left > 0) {
      ByteBuffer room = body.room();
      int limit = room.limit();
      room.limit((int) Math.min(limit, room.position() + left));
      int read = answer.read(room);
      room.limit(limit);
      if (read < 0) {
        throw new EOFException("the answer ended %d bytes early".formatted(left));
      }
      body.filled(read);
      left -= read;
    }
  }

  /**
   * The failure that a status stands for, apart from those that only its caller understands.
   *
   * @param identity who asked, for people
   * @param detail what the server said, or empty
   */
  public static IOException failure(
      HttpHead head,
      StoredObject object,
      long offset,
      long length,
      String identity,
      String detail) {
    int status = head.status();
    String said =
        "the server answered %d%s".formatted(status, detail.isEmpty() ? "" : ": " + detail);
    Kind kind =
        switch (status) {
          case 401, 403, 407 -> Kind.DENIED;
          case 404, 410 -> Kind.NOT_FOUND;
          case 408, 504 -> Kind.TIMED_OUT;
          case 429, 503 -> Kind.THROTTLED;
          default -> Kind.FAILED;
        };
    boolean temporary =
        kind == Kind.TIMED_OUT
            || kind == Kind.THROTTLED
            || (status >= 500 && status != 501 && status != 505);
    String reason = kind == Kind.DENIED ? said + "; asked " + identity : said;
    Retry retry = temporary ? Retry.TEMPORARY : Retry.PERMANENT;
    OriginException failure =
        length < 0
            ? new OriginException(kind, retry, object.location(), reason)
            : new OriginException(kind, retry, object.location(), offset, length, reason);
    return temporary ? new RetryLaterException(failure, retryAfterMillis(head)) : failure;
  }

  private static long retryAfterMillis(HttpHead head) {
    String value = head.first("retry-after").orElse("0");
    try {
      long seconds =
          value.matches("\\d{1,9}")
              ? Long.parseLong(value)
              : DateTimeFormatter.RFC_1123_DATE_TIME.parse(value, Instant::from).getEpochSecond()
                  - Instant.now().getEpochSecond();
      return 1000 * Math.clamp(seconds, 0, RETRY_AFTER_SECONDS_MAX);
    } catch (DateTimeParseException _) {
      return 0;
    }
  }

  /** The beginning of an error's body, on one line, without what may be secret. */
  public static String detail(HttpResponse answer) {
    try {
      String text = answer.text(MESSAGE_BYTES);
      boolean markup = text.stripLeading().toLowerCase(Locale.ROOT).startsWith("<!doctype html");
      String line = text.replaceAll("<[^>]*>|\\p{Cntrl}", " ").replaceAll("\\s+", " ").strip();
      return markup || line.isEmpty() ? "" : line.substring(0, Math.min(160, line.length()));
    } catch (IOException _) {
      return "";
    }
  }
}
