package dev.penstock.bridge;

import java.io.IOException;

/** A system call that failed: what was attempted, and the kernel's error number. */
public final class ErrnoException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int errno;

  /**
   * @param attempted what was tried, with its object: "connect to /run/x.sock"
   * @param errno the error number, positive or negated
   */
  ErrnoException(String attempted, long errno) {
    this(attempted, errno, "");
  }

  /** The same with what to try. */
  ErrnoException(String attempted, long errno, String remedy) {
    super(
        "%s failed: %s%s"
            .formatted(attempted, Errno.name(errno), remedy.isEmpty() ? "" : "; " + remedy));
    this.errno = (int) Math.abs(errno);
  }

  /** Whether the process or the machine was short of something that others may give back. */
  public boolean isShortage() {
    return errno == Errno.ENFILE
        || errno == Errno.EMFILE
        || errno == Errno.ENOMEM
        || errno == Errno.ENOBUFS;
  }

  /** Whether whoever stands behind a mount is gone: its process, or the way to its server. */
  public boolean isDisconnected() {
    return errno == Errno.ENOTCONN || errno == Errno.ECONNABORTED || errno == Errno.EHOSTDOWN;
  }

  /** The positive error number ({@link Errno}). */
  public int errno() {
    return errno;
  }
}
