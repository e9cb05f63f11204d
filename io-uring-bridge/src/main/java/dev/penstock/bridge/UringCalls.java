package dev.penstock.bridge;

import static dev.penstock.bridge.Native.INT;
import static dev.penstock.bridge.Native.LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/** The three system calls of io_uring and the structures they take: linux/io_uring.h. */
final class UringCalls {
  // asm-generic/unistd.h; the same numbers on x86-64 and arm64.
  private static final long SYS_SETUP = 425;
  private static final long SYS_ENTER = 426;
  private static final long SYS_REGISTER = 427;

  static final int SETUP_CLAMP = 1 << 4;
  static final int SETUP_COOP_TASKRUN = 1 << 8;
  static final int SETUP_SINGLE_ISSUER = 1 << 12;
  static final int SETUP_DEFER_TASKRUN = 1 << 13;

  static final int FEAT_SINGLE_MMAP = 1;
  static final int FEAT_NODROP = 1 << 1;

  static final int ENTER_GETEVENTS = 1;
  static final int ENTER_REGISTERED_RING = 1 << 4;

  static final int REGISTER_BUFFERS = 0;
  static final int REGISTER_FILES = 2;
  static final int REGISTER_FILES_UPDATE = 6;
  static final int REGISTER_RING_FDS = 20;

  private static final int OP_READ_FIXED = 4;
  private static final int OP_WRITE_FIXED = 5;
  private static final int OP_READ = 22;
  private static final int OP_WRITE = 23;
  static final int SQE_FIXED_FILE = 1;

  static final long MAP_RINGS = 0;
  static final long MAP_SQES = 0x10000000L;

  static final int SQE_BYTES = 64;
  static final int CQE_BYTES = 16;

  /** struct io_sqring_offsets and, with other names in the second half, io_cqring_offsets. */
  private static final StructLayout SQ_OFFSETS =
      MemoryLayout.structLayout(
          INT.withName("head"),
          INT.withName("tail"),
          INT.withName("ring_mask"),
          INT.withName("ring_entries"),
          INT.withName("flags"),
          INT.withName("dropped"),
          INT.withName("array"),
          INT.withName("resv1"),
          LONG.withName("user_addr"));

  private static final StructLayout CQ_OFFSETS =
      MemoryLayout.structLayout(
          INT.withName("head"),
          INT.withName("tail"),
          INT.withName("ring_mask"),
          INT.withName("ring_entries"),
          INT.withName("overflow"),
          INT.withName("cqes"),
          INT.withName("flags"),
          INT.withName("resv1"),
          LONG.withName("user_addr"));

  /** struct io_uring_params. */
  static final StructLayout PARAMS =
      MemoryLayout.structLayout(
          INT.withName("sq_entries"),
          INT.withName("cq_entries"),
          INT.withName("flags"),
          INT.withName("sq_thread_cpu"),
          INT.withName("sq_thread_idle"),
          INT.withName("features"),
          INT.withName("wq_fd"),
          MemoryLayout.sequenceLayout(3, INT).withName("resv"),
          SQ_OFFSETS.withName("sq_off"),
          CQ_OFFSETS.withName("cq_off"));

  /** struct io_uring_sqe, the fields that reads and writes use. */
  static final StructLayout SQE =
      MemoryLayout.structLayout(
          ValueLayout.JAVA_BYTE.withName("opcode"),
          ValueLayout.JAVA_BYTE.withName("flags"),
          ValueLayout.JAVA_SHORT.withName("ioprio"),
          INT.withName("fd"),
          LONG.withName("off"),
          LONG.withName("addr"),
          INT.withName("len"),
          INT.withName("rw_flags"),
          LONG.withName("user_data"),
          ValueLayout.JAVA_SHORT.withName("buf_index"),
          ValueLayout.JAVA_SHORT.withName("personality"),
          INT.withName("splice_fd_in"),
          LONG.withName("addr3"),
          LONG.withName("pad"));

  /** struct io_uring_cqe. */
  static final StructLayout CQE =
      MemoryLayout.structLayout(
          LONG.withName("user_data"), INT.withName("res"), INT.withName("flags"));

  private static final MethodHandle SETUP =
      Native.errnoCall(
          "syscall",
          FunctionDescriptor.of(LONG, LONG, INT, LONG),
          Linker.Option.firstVariadicArg(1));
  private static final MethodHandle ENTER =
      Native.errnoCall(
          "syscall",
          FunctionDescriptor.of(LONG, LONG, INT, INT, INT, INT, LONG, LONG),
          Linker.Option.firstVariadicArg(1));
  private static final MethodHandle REGISTER =
      Native.errnoCall(
          "syscall",
          FunctionDescriptor.of(LONG, LONG, INT, INT, LONG, INT),
          Linker.Option.firstVariadicArg(1));

  static {
    requireSize(PARAMS, 120);
    requireSize(SQE, SQE_BYTES);
    requireSize(CQE, CQE_BYTES);
  }

  private UringCalls() {}

  private static void requireSize(StructLayout layout, int bytes) {
    if (layout.byteSize() != bytes) {
      throw new IllegalStateException(
          "layout has %d bytes where linux/io_uring.h has %d: %s"
              .formatted(layout.byteSize(), bytes, layout));
    }
  }

  /** The operation that moves bytes between a file and memory, registered or not. */
  static int opcode(boolean write, boolean fixed) {
    if (write) {
      return fixed ? OP_WRITE_FIXED : OP_WRITE;
    }
    return fixed ? OP_READ_FIXED : OP_READ;
  }

  /** The names of set-up flags that this project uses. */
  static String flagNames(int flags) {
    List<String> names = new ArrayList<>();
    if ((flags & SETUP_SINGLE_ISSUER) != 0) {
      names.add("SINGLE_ISSUER");
    }
    if ((flags & SETUP_DEFER_TASKRUN) != 0) {
      names.add("DEFER_TASKRUN");
    }
    if ((flags & SETUP_COOP_TASKRUN) != 0) {
      names.add("COOP_TASKRUN");
    }
    return names.isEmpty() ? "no flags" : String.join("|", names);
  }

  /** The value of a field of io_uring_params, such as ("sq_off", "tail"). */
  static int param(MemorySegment params, String... path) {
    PathElement[] elements = new PathElement[path.length];
    for (int index = 0; index < path.length; index++) {
      elements[index] = PathElement.groupElement(path[index]);
    }
    return params.get(INT, PARAMS.byteOffset(elements));
  }

  /** A ring's descriptor or a negated errno; {@code params} is read and written. */
  static int setup(int entries, MemorySegment params) {
    try {
      MemorySegment state = Native.errnoState();
      long result = (long) SETUP.invokeExact(state, SYS_SETUP, entries, params.address());
      return (int) Native.result(result, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** How many entries were taken, or a negated errno. May wait, so it is an ordinary call. */
  static int enter(int fd, int submit, int wait, int flags) {
    try {
      MemorySegment state = Native.errnoState();
      long result = (long) ENTER.invokeExact(state, SYS_ENTER, fd, submit, wait, flags, 0L, 0L);
      return (int) Native.result(result, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int register(int fd, int opcode, MemorySegment argument, int count) {
    try {
      MemorySegment state = Native.errnoState();
      long result =
          (long) REGISTER.invokeExact(state, SYS_REGISTER, fd, opcode, argument.address(), count);
      return (int) Native.result(result, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }
}
