package dev.penstock.bridge;

import static dev.penstock.bridge.Native.INT;
import static dev.penstock.bridge.Native.LONG;
import static dev.penstock.bridge.Native.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Mapping, advice, locking and memory files: {@code sys/mman.h}. */
final class MemoryCalls {
  // asm-generic/mman-common.h and linux/mman.h; the same on x86-64 and arm64.
  static final int PROT_READ_WRITE = 1 | 2;
  static final int MAP_SHARED = 1;
  static final int MAP_PRIVATE = 2;
  static final int MAP_ANONYMOUS = 0x20;
  static final int MAP_POPULATE = 0x8000;
  static final int MADV_HUGEPAGE = 14;
  static final int MADV_POPULATE_WRITE = 23;

  // linux/memfd.h
  static final int MFD_CLOEXEC = 1;
  static final int MFD_ALLOW_SEALING = 2;
  static final int MFD_HUGETLB = 4;
  static final int MFD_NOEXEC_SEAL = 8;

  // linux/fcntl.h: F_LINUX_SPECIFIC_BASE (1024) + 9 and + 10
  private static final int F_ADD_SEALS = 1033;
  private static final int F_GET_SEALS = 1034;
  static final int F_SEAL_SEAL = 1;
  static final int F_SEAL_SHRINK = 2;
  static final int F_SEAL_GROW = 4;

  private static final MethodHandle MMAP =
      Native.errnoCall("mmap", FunctionDescriptor.of(LONG, LONG, LONG, INT, INT, INT, LONG));
  private static final MethodHandle MUNMAP =
      Native.errnoCall("munmap", FunctionDescriptor.of(INT, LONG, LONG));
  private static final MethodHandle MADVISE =
      Native.errnoCall("madvise", FunctionDescriptor.of(INT, LONG, LONG, INT));
  private static final MethodHandle MLOCK =
      Native.errnoCall("mlock", FunctionDescriptor.of(INT, LONG, LONG));
  private static final MethodHandle MUNLOCK =
      Native.errnoCall("munlock", FunctionDescriptor.of(INT, LONG, LONG));
  private static final MethodHandle MEMFD_CREATE =
      Native.errnoCall("memfd_create", FunctionDescriptor.of(INT, POINTER, INT));
  private static final MethodHandle FTRUNCATE =
      Native.errnoCall("ftruncate", FunctionDescriptor.of(INT, INT, LONG));
  private static final MethodHandle FCNTL_POINTER =
      Native.errnoCall(
          "fcntl",
          FunctionDescriptor.of(INT, INT, INT, POINTER),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle FCNTL =
      Native.errnoCall(
          "fcntl", FunctionDescriptor.of(INT, INT, INT, INT), Linker.Option.firstVariadicArg(2));

  private MemoryCalls() {}

  /** The address, or a negated errno (addresses of user space are never negative). */
  static long mmap(long bytes, int protection, int flags, int fd, long offset) {
    try {
      MemorySegment state = Native.errnoState();
      long address = (long) MMAP.invokeExact(state, 0L, bytes, protection, flags, fd, offset);
      return Native.result(address, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int munmap(long address, long bytes) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) MUNMAP.invokeExact(state, address, bytes), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int madvise(long address, long bytes, int advice) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) MADVISE.invokeExact(state, address, bytes, advice), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int mlock(long address, long bytes) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) MLOCK.invokeExact(state, address, bytes), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int munlock(long address, long bytes) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) MUNLOCK.invokeExact(state, address, bytes), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int memfdCreate(String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      MemorySegment text = arena.allocateFrom(name);
      return Native.result((int) MEMFD_CREATE.invokeExact(state, text, flags), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int ftruncate(int fd, long bytes) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) FTRUNCATE.invokeExact(state, fd, bytes), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int fcntl(int fd, int command, int argument) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) FCNTL.invokeExact(state, fd, command, argument), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** {@code fcntl} with a structure: the same call, its third argument an address. */
  static int fcntl(int fd, int command, MemorySegment argument) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) FCNTL_POINTER.invokeExact(state, fd, command, argument), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int addSeals(int fd, int seals) {
    return fcntl(fd, F_ADD_SEALS, seals);
  }

  /** The seals, or a negated errno: EINVAL when the file is of a kind that has none. */
  static int seals(int fd) {
    return fcntl(fd, F_GET_SEALS, 0);
  }
}
