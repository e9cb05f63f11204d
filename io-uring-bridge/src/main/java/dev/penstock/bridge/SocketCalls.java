package dev.penstock.bridge;

import static dev.penstock.bridge.Native.INT;
import static dev.penstock.bridge.Native.LONG;
import static dev.penstock.bridge.Native.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/** Unix stream sockets: {@code sys/socket.h}, {@code sys/un.h}. */
final class SocketCalls {
  // bits/socket.h, asm-generic/socket.h; the same on x86-64 and arm64.
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_CLOEXEC = 0x80000;
  static final int SOCK_NONBLOCK = 0x800;
  private static final int SOL_SOCKET = 1;
  private static final int SO_PEERCRED = 17;

  /** Linux 6.5. */
  private static final int SO_PEERPIDFD = 77;

  static final int SCM_RIGHTS = 1;
  static final int MSG_CTRUNC = 8;
  static final int MSG_DONTWAIT = 0x40;
  static final int MSG_NOSIGNAL = 0x4000;
  static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int SHUT_RDWR = 2;

  // struct sockaddr_un {sa_family_t family; char path[108]}
  static final int PATH_BYTES_MAX = 107;
  private static final int SOCKADDR_BYTES = 110;

  // struct msghdr on 64-bit systems
  private static final int MSGHDR_BYTES = 56;
  private static final int MSG_IOV = 16;
  private static final int MSG_IOVLEN = 24;
  private static final int MSG_CONTROL = 32;
  private static final int MSG_CONTROLLEN = 40;
  private static final int MSG_FLAGS = 48;

  // struct cmsghdr {size_t len; int level; int type}, data after it
  private static final int CMSG_HEADER_BYTES = 16;

  private static final MethodHandle SOCKET =
      Native.errnoCall("socket", FunctionDescriptor.of(INT, INT, INT, INT));
  private static final MethodHandle SOCKETPAIR =
      Native.errnoCall("socketpair", FunctionDescriptor.of(INT, INT, INT, INT, POINTER));
  private static final MethodHandle FCHMOD =
      Native.errnoCall("fchmod", FunctionDescriptor.of(INT, INT, INT));
  private static final MethodHandle BIND =
      Native.errnoCall("bind", FunctionDescriptor.of(INT, INT, POINTER, INT));
  private static final MethodHandle CONNECT =
      Native.errnoCall("connect", FunctionDescriptor.of(INT, INT, POINTER, INT));
  private static final MethodHandle LISTEN =
      Native.errnoCall("listen", FunctionDescriptor.of(INT, INT, INT));
  private static final MethodHandle ACCEPT4 =
      Native.errnoCall("accept4", FunctionDescriptor.of(INT, INT, LONG, LONG, INT));
  private static final MethodHandle SHUTDOWN =
      Native.errnoCall("shutdown", FunctionDescriptor.of(INT, INT, INT));
  private static final MethodHandle GETSOCKOPT =
      Native.errnoCall("getsockopt", FunctionDescriptor.of(INT, INT, INT, INT, POINTER, POINTER));
  private static final MethodHandle SENDMSG =
      Native.errnoCall("sendmsg", FunctionDescriptor.of(LONG, INT, POINTER, INT));
  private static final MethodHandle RECVMSG =
      Native.errnoCall("recvmsg", FunctionDescriptor.of(LONG, INT, POINTER, INT));

  private SocketCalls() {}

  static int socket(int flags) {
    try {
      MemorySegment state = Native.errnoState();
      int type = SOCK_STREAM | SOCK_CLOEXEC | flags;
      return Native.result((int) SOCKET.invokeExact(state, AF_UNIX, type, 0), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** Two connected sockets in {@code pair}; 0 or a negated errno. */
  static int socketpair(int[] pair) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      MemorySegment both = arena.allocate(8, 4);
      int type = SOCK_STREAM | SOCK_CLOEXEC;
      int result = (int) SOCKETPAIR.invokeExact(state, AF_UNIX, type, 0, both);
      pair[0] = both.get(INT, 0);
      pair[1] = both.get(INT, 4);
      return Native.result(result, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** On a socket that is not bound yet this sets the mode that its path will be made with. */
  static int fchmod(int fd, int mode) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) FCHMOD.invokeExact(state, fd, mode), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int bind(int fd, String path) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      MemorySegment address = address(arena, path);
      return Native.result((int) BIND.invokeExact(state, fd, address, SOCKADDR_BYTES), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int connect(int fd, String path) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      MemorySegment address = address(arena, path);
      return Native.result((int) CONNECT.invokeExact(state, fd, address, SOCKADDR_BYTES), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  private static MemorySegment address(Arena arena, String path) {
    MemorySegment address = arena.allocate(SOCKADDR_BYTES, 2);
    address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
    byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
    MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, 2, bytes.length);
    return address;
  }

  static int listen(int fd, int backlog) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) LISTEN.invokeExact(state, fd, backlog), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int accept(int fd) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) ACCEPT4.invokeExact(state, fd, 0L, 0L, SOCK_CLOEXEC), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static void shutdown(int fd) {
    try {
      // ENOTCONN when the other side was faster: nobody waits then.
      int ignored = (int) SHUTDOWN.invokeExact(Native.errnoState(), fd, SHUT_RDWR);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** struct ucred {pid, uid, gid} of the other side in {@code credentials}. */
  static int peerCredentials(int fd, int[] credentials) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(12, 4);
      int result = option(fd, SO_PEERCRED, value, arena);
      MemorySegment.copy(value, INT, 0, credentials, 0, 3);
      return result;
    }
  }

  /** A pidfd of the process on the other side, or a negated errno. */
  static int peerPidfd(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(4, 4);
      int result = option(fd, SO_PEERPIDFD, value, arena);
      return result < 0 ? result : value.get(INT, 0);
    }
  }

  private static int option(int fd, int name, MemorySegment value, Arena arena) {
    try {
      MemorySegment state = Native.errnoState();
      MemorySegment length = arena.allocate(4, 4);
      length.set(INT, 0, (int) value.byteSize());
      return Native.result(
          (int) GETSOCKOPT.invokeExact(state, fd, SOL_SOCKET, name, value, length), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** Sends what goes without waiting; the descriptors ride on the first byte. */
  static long send(int fd, MemorySegment bytes, int[] descriptors) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      MemorySegment control = MemorySegment.NULL;
      if (descriptors.length > 0) {
        int payload = 4 * descriptors.length;
        control = arena.allocate(CMSG_HEADER_BYTES + (payload + 7 & -8), 8);
        control.set(LONG, 0, CMSG_HEADER_BYTES + payload);
        control.set(INT, 8, SOL_SOCKET);
        control.set(INT, 12, SCM_RIGHTS);
        MemorySegment.copy(descriptors, 0, control, INT, CMSG_HEADER_BYTES, descriptors.length);
      }
      MemorySegment message = message(arena, bytes, control);
      int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
      return Native.result((long) SENDMSG.invokeExact(state, fd, message, flags), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** What came with a message. */
  static final class Message {
    /** Bytes, 0 at the end of the stream, or a negated errno. */
    final long result;

    /** The receiver's from now on. */
    final int[] descriptors;

    /** Whether descriptors were lost for lack of room. */
    final boolean truncated;

    private Message(long result, int[] descriptors, boolean truncated) {
      this.result = result;
      this.descriptors = descriptors;
      this.truncated = truncated;
    }
  }

  /** Receives what is there without waiting. */
  static Message receive(int fd, MemorySegment target, int descriptorsMax) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      MemorySegment control = arena.allocate(CMSG_HEADER_BYTES + (4L * descriptorsMax + 7 & -8), 8);
      MemorySegment message = message(arena, target, control);
      int flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
      long result = Native.result((long) RECVMSG.invokeExact(state, fd, message, flags), state);
      if (result < 0) {
        return new Message(result, new int[0], false);
      }
      boolean truncated = (message.get(INT, MSG_FLAGS) & MSG_CTRUNC) != 0;
      return new Message(result, rights(control, message.get(LONG, MSG_CONTROLLEN)), truncated);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  private static int[] rights(MemorySegment control, long used) {
    if (used < CMSG_HEADER_BYTES
        || control.get(INT, 8) != SOL_SOCKET
        || control.get(INT, 12) != SCM_RIGHTS) {
      return new int[0];
    }
    int count = (int) ((Math.min(used, control.get(LONG, 0)) - CMSG_HEADER_BYTES) / 4);
    int[] descriptors = new int[count];
    MemorySegment.copy(control, INT, CMSG_HEADER_BYTES, descriptors, 0, count);
    return descriptors;
  }

  private static MemorySegment message(Arena arena, MemorySegment bytes, MemorySegment control) {
    MemorySegment vector = arena.allocate(16, 8);
    vector.set(LONG, 0, bytes.address());
    vector.set(LONG, 8, bytes.byteSize());
    MemorySegment message = arena.allocate(MSGHDR_BYTES, 8);
    message.set(LONG, MSG_IOV, vector.address());
    message.set(LONG, MSG_IOVLEN, 1);
    message.set(LONG, MSG_CONTROL, control.address());
    message.set(LONG, MSG_CONTROLLEN, control.byteSize());
    return message;
  }
}
