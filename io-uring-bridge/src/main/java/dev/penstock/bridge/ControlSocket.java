package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One connected Unix stream socket that carries bytes and descriptors. Descriptors travel with the
 * first byte of the bytes they are sent with; a receiver gets them together with that byte or with
 * bytes before it, never after.
 *
 * <p>Thread-safe: messages of several senders do not mix; one thread receives. Closing from any
 * thread ends calls in progress. Calls wait in the kernel, so they belong on platform threads.
 */
public final class ControlSocket implements AutoCloseable {
  /** The most descriptors that one {@link #receive} takes. */
  public static final int DESCRIPTORS_MAX = 32;

  private final OwnedDescriptor descriptor;
  private final ReentrantLock sending = new ReentrantLock();

  /** Who is on the other side, as the kernel noted it when the connection was made. */
  public record Peer(int pid, int uid, int gid) {}

  ControlSocket(int fd) {
    this.descriptor = new OwnedDescriptor("control socket", fd);
  }

  /**
   * Connects to a listening socket.
   *
   * @throws ErrnoException ENOENT or ECONNREFUSED when nobody listens there
   */
  public static ControlSocket connect(Path path) throws IOException {
    String text = checkedPath(path);
    int fd = SocketCalls.socket(0);
    if (fd < 0) {
      throw new ErrnoException("socket", fd);
    }
    int result;
    do {
      result = SocketCalls.connect(fd, text);
    } while (result == -Errno.EINTR);
    if (result < 0) {
      FileCalls.close(fd);
      throw new ErrnoException("connect to " + path, result);
    }
    return new ControlSocket(fd);
  }

  /** Two sockets connected to each other. */
  public static ControlSocket[] pair() throws IOException {
    Native.require("socketpair");
    int[] pair = new int[2];
    int result = SocketCalls.socketpair(pair);
    if (result < 0) {
      throw new ErrnoException("socketpair", result);
    }
    return new ControlSocket[] {new ControlSocket(pair[0]), new ControlSocket(pair[1])};
  }

  static String checkedPath(Path path) throws IOException {
    Native.require("socket " + path);
    String text = path.toString();
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > SocketCalls.PATH_BYTES_MAX) {
      throw new IOException(
          "socket path %s has %d bytes, the kernel takes %d: choose a shorter run directory"
              .formatted(path, bytes, SocketCalls.PATH_BYTES_MAX));
    }
    return text;
  }

  /** The other side's process and user. */
  public Peer peer() throws IOException {
    int[] credentials = new int[3];
    int fd = descriptor.acquire();
    try {
      int result = SocketCalls.peerCredentials(fd, credentials);
      if (result < 0) {
        throw new ErrnoException("getsockopt(SO_PEERCRED)", result);
      }
    } finally {
      descriptor.release();
    }
    return new Peer(credentials[0], credentials[1], credentials[2]);
  }

  /** A pidfd of the other side, or a negated errno. */
  int peerPidfd() {
    int fd = descriptor.acquire();
    try {
      return SocketCalls.peerPidfd(fd);
    } finally {
      descriptor.release();
    }
  }

  /** The descriptor for a {@link Poller}; it stays owned by this object. */
  public int descriptor() {
    return descriptor.number();
  }

  /**
   * Sends all of {@code bytes}, at least one, and copies of the descriptors, which stay the
   * caller's.
   *
   * @param timeoutMillis how long the other side may let it wait in all; -1 for ever
   * @throws SocketTimeoutException if it did; the stream is unusable then
   */
  public void send(byte[] bytes, long timeoutMillis, int... descriptors) throws IOException {
    if (bytes.length == 0 || descriptors.length > DESCRIPTORS_MAX) {
      throw new IllegalArgumentException(
          "a message has at least 1 byte and at most %d descriptors, not %d and %d"
              .formatted(DESCRIPTORS_MAX, bytes.length, descriptors.length));
    }
    sending.lock();
    int fd = acquire();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment message = arena.allocate(bytes.length);
      MemorySegment.copy(bytes, 0, message, ValueLayout.JAVA_BYTE, 0, bytes.length);
      sendAll(fd, message, deadline(timeoutMillis), descriptors);
    } finally {
      descriptor.release();
      sending.unlock();
    }
  }

  private void sendAll(int fd, MemorySegment message, long deadline, int[] descriptors)
      throws IOException {
    int[] riders = descriptors;
    long sent = 0;
    while (sent < message.byteSize()) {
      long result = SocketCalls.send(fd, message.asSlice(sent), riders);
      if (result > 0) {
        sent += result;
        riders = new int[0];
      } else if (result == -Errno.EAGAIN) {
        await(fd, WaitCalls.POLLOUT, deadline, "send");
      } else if (result != -Errno.EINTR) {
        throw new ErrnoException("send of %d bytes".formatted(message.byteSize()), result);
      }
    }
  }

  /**
   * Waits for bytes and puts them at the start of {@code target} (native memory).
   *
   * @param timeoutMillis how long to wait; -1 for ever
   * @throws SocketTimeoutException if nothing came; the stream is as before
   * @throws ClosedChannelException if {@link #close} was called meanwhile
   * @throws IOException also when descriptors were lost for lack of room, or of free numbers
   */
  public Received receive(MemorySegment target, long timeoutMillis) throws IOException {
    if (!target.isNative() || target.byteSize() == 0) {
      throw new IllegalArgumentException("receive needs native memory of at least 1 byte");
    }
    long deadline = deadline(timeoutMillis);
    int fd = acquire();
    try {
      while (true) {
        SocketCalls.Message message = SocketCalls.receive(fd, target, DESCRIPTORS_MAX);
        if (message.result >= 0) {
          return received(message);
        }
        if (message.result == -Errno.EAGAIN) {
          await(fd, WaitCalls.POLLIN, deadline, "receive");
        } else if (message.result != -Errno.EINTR) {
          throw new ErrnoException("receive", message.result);
        }
      }
    } finally {
      descriptor.release();
    }
  }

  private Received received(SocketCalls.Message message) throws IOException {
    Received received = new Received((int) message.result, message.descriptors);
    if (message.truncated) {
      received.close();
      throw new IOException(
          "receive: descriptors were lost, more than %d came or this process has no free ones"
                  .formatted(DESCRIPTORS_MAX)
              + " (ulimit -n)");
    }
    if (received.isEnd() && descriptor.isClosed()) {
      throw new ClosedChannelException();
    }
    return received;
  }

  private int acquire() throws ClosedChannelException {
    try {
      return descriptor.acquire();
    } catch (IllegalStateException e) {
      throw new ClosedChannelException();
    }
  }

  private static long deadline(long timeoutMillis) {
    return timeoutMillis < 0
        ? Long.MAX_VALUE
        : System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
  }

  private static void await(int fd, short events, long deadline, String what) throws IOException {
    long millis = -1;
    if (deadline != Long.MAX_VALUE) {
      long left = deadline - System.nanoTime();
      // Rounded up: waiting for 0 ms would spin through the last millisecond.
      millis = left <= 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(left) + 1;
    }
    int ready = WaitCalls.pollOne(fd, events, millis);
    if (ready == 0) {
      throw new SocketTimeoutException(what + " on a control socket: the time is over");
    }
    if (ready < 0 && ready != -Errno.EINTR) {
      throw new ErrnoException("poll of a control socket", ready);
    }
  }

  /**
   * Closes; ends calls in progress on other threads.
   *
   * @throws IllegalStateException if it was closed already
   */
  @Override
  public void close() {
    descriptor.close(() -> SocketCalls.shutdown(descriptor.rawNumber()));
  }

  /** What one {@link #receive} brought. Closing it closes the descriptors that nobody took. */
  public static final class Received implements AutoCloseable {
    private static final int TAKEN = -1;

    private final int length;
    private final int[] descriptors;

    private Received(int length, int[] descriptors) {
      this.length = length;
      this.descriptors = descriptors;
    }

    /** Bytes received; 0 at the end of the stream. */
    public int length() {
      return length;
    }

    /** Whether the other side has closed. */
    public boolean isEnd() {
      return length == 0;
    }

    /** How many descriptors came, taken or not. */
    public int descriptorCount() {
      return descriptors.length;
    }

    /** Takes over descriptor {@code index}; whoever takes it closes it. */
    public int take(int index) {
      int fd = descriptors[index];
      if (fd == TAKEN) {
        throw new IllegalStateException("descriptor %d was taken already".formatted(index));
      }
      descriptors[index] = TAKEN;
      return fd;
    }

    @Override
    public void close() {
      for (int index = 0; index < descriptors.length; index++) {
        if (descriptors[index] != TAKEN) {
          FileCalls.close(take(index));
        }
      }
    }
  }
}
