package dev.penstock.cache.http;

import java.io.IOException;

/** The proxy does not let us through, or is none: asking again is of no use. */
public final class HttpProxyException extends IOException {
  private static final long serialVersionUID = 1L;

  private final boolean denied;

  HttpProxyException(String message, boolean denied) {
    super(message);
    this.denied = denied;
  }

  /** Whether it is for who we are, or where we want to go; else the proxy itself is wrong. */
  public boolean isDenied() {
    return denied;
  }
}
