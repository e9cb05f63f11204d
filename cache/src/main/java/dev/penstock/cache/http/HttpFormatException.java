package dev.penstock.cache.http;

import java.io.IOException;

/** A server's answer is not valid HTTP/1.1, or beyond what is accepted of it. */
public final class HttpFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  /** With what was found and what is accepted. */
  public HttpFormatException(String message) {
    super(message);
  }
}
