package dev.penstock.bridge;

import java.util.concurrent.atomic.AtomicInteger;

/** A descriptor that is closed exactly once, and not used after that. */
final class OwnedDescriptor {
  private static final int CLOSED = -1;

  private final String what;
  private final AtomicInteger fd;

  OwnedDescriptor(String what, int fd) {
    this.what = what;
    this.fd = new AtomicInteger(fd);
  }

  int get() {
    int open = fd.get();
    if (open == CLOSED) {
      throw new IllegalStateException(what + " is closed");
    }
    return open;
  }

  void close() {
    int open = fd.getAndSet(CLOSED);
    if (open == CLOSED) {
      throw new IllegalStateException(what + " was closed already");
    }
    FileCalls.close(open);
  }
}
