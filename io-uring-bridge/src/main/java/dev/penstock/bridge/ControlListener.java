package dev.penstock.bridge;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A Unix socket that others connect to, with mode 0600. The caller sees to it that its directory is
 * private. Thread-safe; closing from any thread ends {@link #accept}.
 */
public final class ControlListener implements AutoCloseable {
  private static final int BACKLOG = 64;
  private static final int MODE = 0600;

  private final Path path;
  private final OwnedDescriptor descriptor;
  private final Object inode;

  private ControlListener(Path path, int fd, Object inode) {
    this.path = path;
    this.descriptor = new OwnedDescriptor("listening socket " + path, fd);
    this.inode = inode;
  }

  /**
   * Listens at {@code path}. A socket that a dead process left there is replaced.
   *
   * @throws ErrnoException with EADDRINUSE when a living process listens there
   */
  public static ControlListener listen(Path path) throws IOException {
    String text = ControlSocket.checkedPath(path);
    Path absolute = path.toAbsolutePath();
    Path folder = absolute.getParent() == null ? absolute : absolute.getParent();
    // Two that start together must not both find a dead socket; no lock file is left behind.
    int lock = FileCalls.open(folder, FileCalls.O_CLOEXEC);
    if (lock < 0) {
      throw new ErrnoException("open of directory " + folder, lock);
    }
    try {
      int locked = FileCalls.lock(lock);
      if (locked < 0) {
        throw new ErrnoException("lock of directory " + folder, locked);
      }
      removeIfDead(path);
      return bind(path, text);
    } finally {
      FileCalls.close(lock);
    }
  }

  private static void removeIfDead(Path path) throws IOException {
    try (ControlSocket living = ControlSocket.connect(path)) {
      throw new ErrnoException(
          "listen at " + path,
          Errno.EADDRINUSE,
          "process %d listens there: stop it or choose another run directory"
              .formatted(living.peer().pid()));
    } catch (ErrnoException e) {
      if (e.errno() == Errno.ECONNREFUSED) {
        if (!isSocket(path)) {
          throw new ErrnoException(
              "listen at " + path, Errno.EEXIST, "something else than a socket is there");
        }
        Files.delete(path);
      } else if (e.errno() != Errno.ENOENT) {
        throw e;
      }
    }
  }

  private static boolean isSocket(Path path) throws IOException {
    int fileTypeMask = 0xf000;
    int socket = 0xc000;
    return ((int) Files.getAttribute(path, "unix:mode") & fileTypeMask) == socket;
  }

  private static ControlListener bind(Path path, String text) throws IOException {
    int fd = SocketCalls.socket(SocketCalls.SOCK_NONBLOCK);
    if (fd < 0) {
      throw new ErrnoException("socket", fd);
    }
    try {
      int result = SocketCalls.fchmod(fd, MODE);
      result = result < 0 ? result : SocketCalls.bind(fd, text);
      result = result < 0 ? result : SocketCalls.listen(fd, BACKLOG);
      if (result < 0) {
        throw new ErrnoException("listen at " + path, result);
      }
      return new ControlListener(path, fd, Files.getAttribute(path, "unix:ino"));
    } catch (IOException | RuntimeException | Error e) {
      FileCalls.close(fd);
      throw e;
    }
  }

  /** The descriptor for a {@link Poller}; it stays owned by this object. */
  public int descriptor() {
    return descriptor.number();
  }

  /** Where others connect. */
  public Path path() {
    return path;
  }

  /**
   * Waits for a connection.
   *
   * @throws ClosedChannelException if {@link #close} was called meanwhile
   */
  public ControlSocket accept() throws IOException {
    int fd;
    try {
      fd = descriptor.acquire();
    } catch (IllegalStateException e) {
      throw new ClosedChannelException();
    }
    try {
      while (!descriptor.isClosed()) {
        int connection = SocketCalls.accept(fd);
        if (connection >= 0) {
          return new ControlSocket(connection);
        }
        if (descriptor.isClosed()) {
          break;
        }
        if (connection == -Errno.EAGAIN) {
          WaitCalls.pollOne(fd, WaitCalls.POLLIN, -1);
        } else if (connection != -Errno.EINTR && connection != -Errno.ECONNABORTED) {
          throw new ErrnoException("accept at " + path, connection);
        }
      }
      throw new ClosedChannelException();
    } finally {
      descriptor.release();
    }
  }

  /**
   * Stops listening and removes the path, unless another process has taken it over.
   *
   * @throws IllegalStateException if it was closed already
   */
  @Override
  public void close() throws IOException {
    descriptor.close(() -> SocketCalls.shutdown(descriptor.rawNumber()));
    if (Files.exists(path) && Files.getAttribute(path, "unix:ino").equals(inode)) {
      Files.deleteIfExists(path);
    }
  }
}
