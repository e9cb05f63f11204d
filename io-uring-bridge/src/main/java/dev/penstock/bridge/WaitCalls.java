package dev.penstock.bridge;

import static dev.penstock.bridge.Native.INT;
import static dev.penstock.bridge.Native.LONG;
import static dev.penstock.bridge.Native.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Descriptors that stand for events, and waiting for them. */
final class WaitCalls {
  // sys/eventfd.h; the same on x86-64 and arm64.
  static final int EFD_NONBLOCK = 0x800;
  static final int EFD_CLOEXEC = 0x80000;

  // asm-generic/poll.h: struct pollfd {int fd, short events, short revents}
  static final int POLLFD_BYTES = 8;
  static final short POLLIN = 1;
  static final short POLLOUT = 4;

  /** asm-generic/unistd.h, Linux 5.3. */
  private static final long SYS_PIDFD_OPEN = 434;

  private static final MethodHandle EVENTFD =
      Native.errnoCall("eventfd", FunctionDescriptor.of(INT, INT, INT));
  private static final MethodHandle EVENTFD_WRITE =
      Native.errnoCall("eventfd_write", FunctionDescriptor.of(INT, INT, LONG), Native.QUICK);
  private static final MethodHandle READ =
      Native.errnoCall("read", FunctionDescriptor.of(LONG, INT, POINTER, LONG));
  private static final MethodHandle POLL =
      Native.errnoCall("poll", FunctionDescriptor.of(INT, POINTER, LONG, INT));
  private static final MethodHandle PIDFD_OPEN =
      Native.errnoCall(
          "syscall",
          FunctionDescriptor.of(LONG, LONG, INT, INT),
          Linker.Option.firstVariadicArg(1));

  private WaitCalls() {}

  static int eventfd(int initial, int flags) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) EVENTFD.invokeExact(state, initial, flags), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** Adds to an eventfd. Does not wait unless the counter is 2^64 - 2, which ones never reach. */
  static int eventfdWrite(int fd, long count) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) EVENTFD_WRITE.invokeExact(state, fd, count), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static long read(int fd, MemorySegment target, long bytes) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((long) READ.invokeExact(state, fd, target, bytes), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int poll(MemorySegment pollfds, int count, int timeoutMillis) {
    try {
      MemorySegment state = Native.errnoState();
      long descriptors = count;
      return Native.result(
          (int) POLL.invokeExact(state, pollfds, descriptors, timeoutMillis), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** Waits for events of one descriptor: 1, 0 when the time is over, or a negated errno. */
  static int pollOne(int fd, short events, long timeoutMillis) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment entry = arena.allocate(POLLFD_BYTES, 4);
      entry.set(INT, 0, fd);
      entry.set(ValueLayout.JAVA_SHORT, 4, events);
      return poll(entry, 1, (int) Math.min(timeoutMillis, Integer.MAX_VALUE));
    }
  }

  static int pidfdOpen(int pid) {
    try {
      MemorySegment state = Native.errnoState();
      long result = (long) PIDFD_OPEN.invokeExact(state, SYS_PIDFD_OPEN, pid, 0);
      return (int) Native.result(result, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }
}
