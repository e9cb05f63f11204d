package dev.penstock.cache.http;

import java.io.IOException;

/** A server did not answer, or not fast enough. */
public final class HttpTimeoutException extends IOException {
  private static final long serialVersionUID = 1L;

  HttpTimeoutException(String message) {
    super(message);
  }
}
