package dev.penstock.bridge;

import static dev.penstock.bridge.Native.LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * The claim of one owner on a file: an open file description lock over the whole of it. It belongs
 * to the open descriptor, so two parts of one process exclude each other too, closing another
 * descriptor of the file does not lose it (as it would a {@code lockf}), and the kernel frees it
 * when the process is gone. It also excludes, and is excluded by, the record lock that {@link
 * java.nio.channels.FileChannel#tryLock()} takes in the twin without native calls.
 */
final class FileClaim {
  /** linux/fcntl.h, Linux 3.15. */
  private static final int F_OFD_SETLK = 37;

  /** asm-generic/fcntl.h, with struct flock {short type, short whence, off_t start, len, pid}. */
  private static final short F_WRLCK = 1;

  private static final short F_UNLCK = 2;

  private static final int FLOCK_BYTES = 32;

  private FileClaim() {}

  static void take(Path path, int fd) throws IOException {
    int result = set(fd, F_WRLCK);
    if (result == -Errno.EAGAIN || result == -Errno.EACCES) {
      throw new FileClaimedException(path);
    }
    if (result < 0) {
      throw new ErrnoException(
          "claim of " + path, result, "its file system must allow locks (fcntl F_OFD_SETLK)");
    }
  }

  /** Ends the claim now: a ring's table may hold the open file a little longer than we do. */
  static void give(int fd) {
    set(fd, F_UNLCK);
  }

  private static int set(int fd, short type) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment whole = arena.allocate(FLOCK_BYTES, Long.BYTES);
      whole.set(ValueLayout.JAVA_SHORT, 0, type);
      whole.set(LONG, 16, 0L); // to the end, wherever that will be
      return MemoryCalls.fcntl(fd, F_OFD_SETLK, whole);
    }
  }
}
