package dev.penstock.cache.origin;

import dev.penstock.cache.http.HttpLocation;
import java.io.IOException;

/**
 * Stored bytes could not be had. Says what kind of failure it is, whether asking again may help,
 * and which object and range it was about. Never a verdict about the bytes themselves.
 */
public final class OriginException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Kind {
    /** Nothing is stored there. */
    NOT_FOUND,
    /** It is there, or may be, and this identity may not read it. */
    DENIED,
    /** The store asks for fewer requests. */
    THROTTLED,
    /** No answer in time. */
    TIMED_OUT,
    /** The object is no longer the one that was opened. */
    CHANGED,
    /** The object ends before its recorded size does. */
    TRUNCATED,
    /** The store's answer is not what its protocol says. */
    CORRUPT,
    /** The origin cannot do what was asked, such as listing over plain HTTP. */
    UNSUPPORTED,
    /** The origin or cache was closed meanwhile. */
    CANCELLED,
    /** The device or the connection failed. */
    FAILED
  }

  /** Whether asking again may help. */
  public enum Retry {
    /** The same request will fail again. */
    PERMANENT,
    /** The same request may succeed later. */
    TEMPORARY,
    /** It was temporary, was tried again as often as allowed, and still fails. */
    PERSISTENT
  }

  private final Kind kind;
  private final Retry retry;
  private final String reason;
  private final String location;
  private final long offset;
  private final long length;

  /** A failure of the range {@code [offset, offset + length)} of {@code location}. */
  public OriginException(
      Kind kind, Retry retry, String location, long offset, long length, String reason) {
    super("%s, bytes %d to %d: %s".formatted(shown(location), offset, offset + length, reason));
    this.reason = reason;
    this.kind = kind;
    this.retry = retry;
    this.location = location;
    this.offset = offset;
    this.length = length;
  }

  /** A failure of {@code location} as a whole. */
  public OriginException(Kind kind, Retry retry, String location, String reason) {
    super(shown(location) + ": " + reason);
    this.reason = reason;
    this.kind = kind;
    this.retry = retry;
    this.location = location;
    this.offset = 0;
    this.length = -1;
  }

  private OriginException(OriginException original) {
    super(original.getMessage(), original);
    this.reason = original.reason;
    this.kind = original.kind;
    this.retry = original.retry;
    this.location = original.location;
    this.offset = original.offset;
    this.length = original.length;
  }

  /** Queries of URLs may hold signatures, so messages do not repeat them. */
  private static String shown(String location) {
    return HttpLocation.isHttp(location) ? HttpLocation.redacted(location) : location;
  }

  /** The message without the place. */
  public String reason() {
    return reason;
  }

  /** The same failure for one more thread that waits for it, caused by this one. */
  public OriginException copy() {
    return new OriginException(this);
  }

  /** The same of the same place with another say about retries and reason, caused by this one. */
  public OriginException retold(Retry newRetry, String newReason) {
    OriginException retold =
        length < 0
            ? new OriginException(kind, newRetry, location, newReason)
            : new OriginException(kind, newRetry, location, offset, length, newReason);
    return retold.causedBy(this);
  }

  /** The same for a range of the object, if it is of the object as a whole; caused by this one. */
  public OriginException at(long rangeOffset, long rangeLength) {
    return length >= 0
        ? this
        : new OriginException(kind, retry, location, rangeOffset, rangeLength, reason)
            .causedBy(this);
  }

  /** The same with a cause. */
  public OriginException causedBy(Throwable cause) {
    initCause(cause);
    return this;
  }

  /** What went wrong. */
  public Kind kind() {
    return kind;
  }

  /** Whether asking again may help. */
  public Retry retry() {
    return retry;
  }

  /** The object. */
  public String location() {
    return location;
  }

  /** First byte of the range, 0 if the whole object is meant. */
  public long offset() {
    return offset;
  }

  /** Length of the range in bytes, -1 if the whole object is meant. */
  public long length() {
    return length;
  }
}
