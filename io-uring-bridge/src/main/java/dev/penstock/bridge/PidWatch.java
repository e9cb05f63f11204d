package dev.penstock.bridge;

import java.io.IOException;

/**
 * Sees the death of another process, whoever holds its sockets open after it ({@code pidfd}). Its
 * descriptor becomes readable then and stays so.
 */
public final class PidWatch implements AutoCloseable {
  private final OwnedDescriptor descriptor;

  private PidWatch(int fd) {
    this.descriptor = new OwnedDescriptor("pidfd", fd);
  }

  /**
   * Watches the process {@code pid}, which must be known to be the one meant: numbers are reused.
   *
   * @throws ErrnoException with ESRCH if there is no such process
   */
  public static PidWatch open(int pid) throws IOException {
    Native.require("pidfd");
    int fd = WaitCalls.pidfdOpen(pid);
    if (fd < 0) {
      throw new ErrnoException("pidfd_open of process " + pid, fd);
    }
    return new PidWatch(fd);
  }

  /**
   * Watches the process that connected {@code socket}. From Linux 6.5 on the kernel hands out the
   * very process; before that a number that was reused in the meantime would be watched instead.
   */
  public static PidWatch ofPeer(ControlSocket socket) throws IOException {
    int fd = socket.peerPidfd();
    return fd >= 0 ? new PidWatch(fd) : open(socket.peer().pid());
  }

  /** The descriptor for a {@link Poller}; it stays owned by this object. */
  public int descriptor() {
    return descriptor.number();
  }

  /** Whether the process has ended. */
  public boolean hasEnded() throws IOException {
    return awaitEnd(0);
  }

  /** Waits at most so long (-1 for ever); returns whether the process has ended. */
  public boolean awaitEnd(long timeoutMillis) throws IOException {
    int fd = descriptor.acquire();
    try (Poller poller = Poller.of(fd)) {
      return poller.await(timeoutMillis) > 0;
    } finally {
      descriptor.release();
    }
  }

  @Override
  public void close() {
    descriptor.close();
  }
}
