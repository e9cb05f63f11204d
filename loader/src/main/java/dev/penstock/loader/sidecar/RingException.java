package dev.penstock.loader.sidecar;

/**
 * A client's ring is not what the protocol says; the message names field, value and expectation.
 */
final class RingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  RingException(String message) {
    super(message);
  }
}
