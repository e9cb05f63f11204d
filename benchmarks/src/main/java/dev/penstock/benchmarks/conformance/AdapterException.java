package dev.penstock.benchmarks.conformance;

import java.io.IOException;

/** An adapter failed, fell silent, or said what the protocol does not know: the check failed. */
final class AdapterException extends IOException {
  private static final long serialVersionUID = 1L;

  AdapterException(String message) {
    super(message);
  }
}
