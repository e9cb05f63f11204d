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
import java.nio.file.Path;

/** Opening, reading and asking about files. */
final class FileCalls {
  // asm-generic/fcntl.h
  static final int O_RDWR = 2;
  static final int O_CREAT = 0x40;
  static final int O_NONBLOCK = 0x800;
  static final int O_CLOEXEC = 0x80000;

  /** asm-generic/fcntl.h; arm64 has its own value. */
  static final int O_DIRECT = "aarch64".equals(System.getProperty("os.arch")) ? 0x10000 : 0x4000;

  /** asm-generic/fcntl.h; arm64 has its own value. */
  static final int O_NOFOLLOW = "aarch64".equals(System.getProperty("os.arch")) ? 0x8000 : 0x20000;

  /** sys/file.h */
  private static final int LOCK_EX = 2;

  static final int F_GETFL = 3;
  static final int F_SETFL = 4;

  /** linux/fadvise.h */
  private static final int POSIX_FADV_DONTNEED = 4;

  /** asm-generic/unistd.h; the same number on every architecture, Linux 6.5. */
  private static final long SYS_CACHESTAT = 451;

  // linux/stat.h: struct statx
  private static final int STATX_BYTES = 256;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_BASIC_STATS = 0x7ff;
  private static final int STATX_MNT_ID = 0x1000;
  private static final int STATX_DIOALIGN = 0x2000;

  /** Never given to another mount; Linux 6.8. */
  private static final int STATX_MNT_ID_UNIQUE = 0x4000;

  private static final int S_IFMT = 0xf000;
  private static final int S_IFDIR = 0x4000;
  private static final int S_IFREG = 0x8000;

  /** asm-generic/statfs.h: struct statfs is 120 bytes, its first word the magic. */
  private static final int STATFS_BYTES = 120;

  private static final MethodHandle OPEN =
      Native.errnoCall(
          "open", FunctionDescriptor.of(INT, POINTER, INT, INT), Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CLOSE =
      Native.errnoCall("close", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle FLOCK =
      Native.errnoCall("flock", FunctionDescriptor.of(INT, INT, INT));
  private static final MethodHandle PREAD =
      Native.errnoCall("pread", FunctionDescriptor.of(LONG, INT, LONG, LONG, LONG));
  private static final MethodHandle PWRITE =
      Native.errnoCall("pwrite", FunctionDescriptor.of(LONG, INT, LONG, LONG, LONG));
  private static final MethodHandle FALLOCATE =
      Native.errnoCall("fallocate", FunctionDescriptor.of(INT, INT, INT, LONG, LONG));
  private static final MethodHandle FDATASYNC =
      Native.errnoCall("fdatasync", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle PREADV =
      Native.errnoCall("preadv", FunctionDescriptor.of(LONG, INT, POINTER, INT, LONG));
  private static final MethodHandle STATX =
      Native.errnoCall("statx", FunctionDescriptor.of(INT, INT, POINTER, INT, INT, POINTER));
  private static final MethodHandle STATFS =
      Native.errnoCall("statfs", FunctionDescriptor.of(INT, POINTER, POINTER));
  private static final MethodHandle FADVISE =
      Native.call("posix_fadvise", FunctionDescriptor.of(INT, INT, LONG, LONG, INT));
  private static final MethodHandle CACHESTAT =
      Native.errnoCall(
          "syscall",
          FunctionDescriptor.of(LONG, LONG, INT, POINTER, POINTER, INT),
          Linker.Option.firstVariadicArg(1));

  /**
   * What statx says of an open file.
   *
   * @param storedBytes bytes that the file system holds for the file; holes count nothing
   * @param directAlignment larger of memory and offset alignment of direct reads, 0 if unknown
   * @param mountId of the mount it is in; unique for ever, or while the mount is there; 0 before
   *     Linux 5.8
   */
  record Stat(
      int type,
      long sizeBytes,
      long inode,
      long modifiedNanos,
      int deviceMajor,
      int deviceMinor,
      int directAlignment,
      long storedBytes,
      long mountId) {
    boolean isDirectory() {
      return type == S_IFDIR;
    }

    boolean isRegular() {
      return type == S_IFREG;
    }
  }

  private FileCalls() {}

  static int open(Path path, int flags) {
    return open(path, flags, 0);
  }

  /** The same with the permissions of a file that is made by it. */
  static int open(Path path, int flags, int permissions) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      MemorySegment text = arena.allocateFrom(path.toString());
      return Native.result((int) OPEN.invokeExact(state, text, flags, permissions), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int close(int fd) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) CLOSE.invokeExact(state, fd), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static long pread(int fd, long address, long length, long offset) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((long) PREAD.invokeExact(state, fd, address, length, offset), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static long pwrite(int fd, long address, long length, long offset) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((long) PWRITE.invokeExact(state, fd, address, length, offset), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** {@code fallocate(2)}: space for the first {@code bytes}, and that length at least. */
  static int reserve(int fd, long bytes) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) FALLOCATE.invokeExact(state, fd, 0, 0L, bytes), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** {@code fdatasync(2)}. */
  static int syncData(int fd) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) FDATASYNC.invokeExact(state, fd), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** {@code preadv(2)}: like pread, over the first {@code count} entries of a vector. */
  static long preadv(int fd, MemorySegment vector, int count, long offset) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((long) PREADV.invokeExact(state, fd, vector, count, offset), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** Waits for the advisory lock of a file or directory; closing the descriptor frees it. */
  static int lock(int fd) {
    try {
      MemorySegment state = Native.errnoState();
      return Native.result((int) FLOCK.invokeExact(state, fd, LOCK_EX), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** Asks the kernel about {@code fd}; a negated errno in {@link Stat#type} if it refuses. */
  static Stat stat(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      MemorySegment empty = arena.allocateFrom("");
      MemorySegment statx = arena.allocate(STATX_BYTES, Long.BYTES);
      int mask = STATX_BASIC_STATS | STATX_MNT_ID | STATX_DIOALIGN | STATX_MNT_ID_UNIQUE;
      int result = (int) STATX.invokeExact(state, fd, empty, AT_EMPTY_PATH, mask, statx);
      if (result < 0) {
        return new Stat(Native.result(result, state), 0, 0, 0, 0, 0, 0, 0, 0);
      }
      boolean knowsDirect = (statx.get(INT, 0) & STATX_DIOALIGN) != 0;
      boolean knowsMount = (statx.get(INT, 0) & (STATX_MNT_ID | STATX_MNT_ID_UNIQUE)) != 0;
      int direct = knowsDirect ? Math.max(statx.get(INT, 152), statx.get(INT, 156)) : 0;
      return new Stat(
          Short.toUnsignedInt(statx.get(ValueLayout.JAVA_SHORT, 28)) & S_IFMT,
          statx.get(LONG, 40),
          statx.get(LONG, 32),
          statx.get(LONG, 112) * 1_000_000_000L + statx.get(INT, 120),
          statx.get(INT, 136),
          statx.get(INT, 140),
          direct,
          statx.get(LONG, 48) * 512,
          knowsMount ? statx.get(LONG, 144) : 0);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** The magic number of the file system that holds {@code path}, or a negated errno. */
  static long fileSystemMagic(Path path) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      MemorySegment text = arena.allocateFrom(path.toString());
      MemorySegment statfs = arena.allocate(STATFS_BYTES, Long.BYTES);
      int result = (int) STATFS.invokeExact(state, text, statfs);
      return result == 0 ? statfs.get(LONG, 0) & 0xffff_ffffL : Native.result(result, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** Pages of the whole file in the page cache, or a negated errno. */
  static long cachedPages(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      // linux/mman.h: struct cachestat_range {off, len}, len 0 meaning to the end;
      // struct cachestat {nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted}
      MemorySegment range = arena.allocate(2 * Long.BYTES, Long.BYTES);
      MemorySegment answer = arena.allocate(5 * Long.BYTES, Long.BYTES);
      long result = (long) CACHESTAT.invokeExact(state, SYS_CACHESTAT, fd, range, answer, 0);
      return result == 0 ? answer.get(LONG, 0) : Native.result(result, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** Advice only: a refusal changes nothing that anyone could act on. */
  static void dropPages(int fd, long offset, long length) {
    try {
      int ignored = (int) FADVISE.invokeExact(fd, offset, length, POSIX_FADV_DONTNEED);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }
}
