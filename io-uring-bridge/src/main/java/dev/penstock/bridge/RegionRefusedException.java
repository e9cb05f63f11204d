package dev.penstock.bridge;

import java.io.IOException;

/**
 * A shared region that another process sent cannot be trusted: it could shrink under our feet,
 * which would kill this process, or it is smaller than was said.
 */
public final class RegionRefusedException extends IOException {
  private static final long serialVersionUID = 1L;

  RegionRefusedException(String message) {
    super(message);
  }
}
