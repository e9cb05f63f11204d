package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An eventfd: a counter that one side raises and another waits for, also across processes. Owns its
 * descriptor. Thread-safe; calls after {@link #close} throw {@link IllegalStateException}.
 */
public final class Notifier implements AutoCloseable {
  private final OwnedDescriptor descriptor;

  private Notifier(int fd) {
    this.descriptor = new OwnedDescriptor("eventfd", fd);
  }

  /** A new notifier with nothing signalled, which never blocks its drainer. */
  public static Notifier create() throws IOException {
    return create(WaitCalls.EFD_NONBLOCK);
  }

  /** One of which an io_uring read stays pending until it is signalled. */
  static Notifier createBlocking() throws IOException {
    return create(0);
  }

  private static Notifier create(int flags) throws IOException {
    Native.require("eventfd");
    int fd = WaitCalls.eventfd(0, WaitCalls.EFD_CLOEXEC | flags);
    if (fd < 0) {
      throw new ErrnoException("eventfd", fd);
    }
    return new Notifier(fd);
  }

  /**
   * Takes over an eventfd that another process sent, also when it refuses it. Anything else is
   * refused: writing to a file of the sender's choice could block for ever.
   */
  public static Notifier fromDescriptor(int fd) throws IOException {
    Native.require("eventfd");
    try {
      String kind = Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
      if (!kind.equals("anon_inode:[eventfd]")) {
        throw new IOException("received descriptor is %s, not an eventfd".formatted(kind));
      }
      int flags = MemoryCalls.fcntl(fd, FileCalls.F_GETFL, 0);
      int result =
          flags < 0
              ? flags
              : MemoryCalls.fcntl(fd, FileCalls.F_SETFL, flags | FileCalls.O_NONBLOCK);
      if (result < 0) {
        throw new ErrnoException("taking over eventfd " + fd, result);
      }
      return new Notifier(fd);
    } catch (IOException | RuntimeException | Error e) {
      FileCalls.close(fd);
      throw e;
    }
  }

  /** The descriptor, for {@link Poller} or for sending; it stays owned by this object. */
  public int descriptor() {
    return descriptor.number();
  }

  /** Wakes whoever waits, now or next. Costs about a microsecond. */
  public void signal() {
    int result;
    int fd = descriptor.acquire();
    try {
      result = WaitCalls.eventfdWrite(fd, 1);
    } finally {
      descriptor.release();
    }
    // EAGAIN: the counter is at its end, so the other side is woken already.
    if (result < 0 && result != -Errno.EAGAIN) {
      throw new IllegalStateException("eventfd write failed: " + Errno.name(result));
    }
  }

  /** How often it was signalled since the last call; 0 when it was not. */
  public long drain() {
    int fd = descriptor.acquire();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(Native.LONG);
      long result = WaitCalls.read(fd, count, Long.BYTES);
      if (result == Long.BYTES) {
        return count.get(Native.LONG, 0);
      }
      if (result == -Errno.EAGAIN || result == -Errno.EINTR) {
        return 0;
      }
      throw new IllegalStateException("eventfd read failed: " + Errno.name(result));
    } finally {
      descriptor.release();
    }
  }

  @Override
  public void close() {
    descriptor.close();
  }
}
