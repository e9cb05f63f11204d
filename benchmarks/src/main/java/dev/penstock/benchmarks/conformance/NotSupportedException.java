package dev.penstock.benchmarks.conformance;

import java.io.IOException;

/** The adapter said that its loader does not offer what was asked; the message is its own. */
final class NotSupportedException extends IOException {
  private static final long serialVersionUID = 1L;

  NotSupportedException(String message) {
    super(message);
  }
}
