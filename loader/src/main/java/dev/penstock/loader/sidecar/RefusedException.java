package dev.penstock.loader.sidecar;

/** A request cannot be served; becomes an {@code ERROR} message to the client. */
final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Kind kind;

  /** Kinds of error in the control protocol. */
  enum Kind {
    VERSION,
    REFUSED,
    BAD_REQUEST,
    NOT_ALLOWED,
    DATASET,
    CURSOR,
    MEMORY,
    RING,
    DATA,
    FAILED
  }

  RefusedException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  RefusedException(Kind kind, Throwable cause) {
    super(describe(cause), cause);
    this.kind = kind;
  }

  private static String describe(Throwable cause) {
    String message = cause.getMessage();
    return message == null ? cause.getClass().getName() : message;
  }

  Kind kind() {
    return kind;
  }

  /** What to tell the client. */
  String text() {
    return String.valueOf(getMessage());
  }
}
