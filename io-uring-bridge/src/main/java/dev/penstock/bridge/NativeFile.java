package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A file behind a descriptor of our own, read by pread or by a ring. */
final class NativeFile extends OpenFile {
  /** Alignment assumed where the kernel (before 6.1, or its file system) does not tell. */
  private static final int USUAL_ALIGNMENT = 4096;

  /** Permissions of a file that is made here. */
  private static final int OWNER_ONLY = 0600;

  /** {@link #ringSlot}: not looked at by the ring yet. */
  static final int SLOT_UNKNOWN = -1;

  /** {@link #ringSlot}: the ring's table was full, the plain descriptor is used. */
  static final int SLOT_NONE = -2;

  private final int fd;
  private final boolean dropPages;
  private final boolean writable;
  private final int requestBytes;

  /** Index in the ring's table of registered files; touched by the ring's thread only. */
  int ringSlot = SLOT_UNKNOWN;

  /** Told when the file is closed, so that a ring can forget it. */
  private final Closing closing;

  /** Lets the owner of a ring take the file out of its table. */
  interface Closing {
    /** {@code file} is about to be closed; no read of it is in flight. */
    void closing(NativeFile file);
  }

  private NativeFile(
      Path path,
      FileCalls.Stat stat,
      FileSystemType fileSystem,
      Choice choice,
      int fd,
      boolean writable,
      BounceBuffers bounce,
      Closing closing) {
    super(
        path,
        new Facts(stat.sizeBytes(), stat.inode(), stat.modifiedNanos(), fileSystem),
        choice.cached,
        choice.alignment,
        choice.reason,
        bounce);
    this.fd = fd;
    this.writable = writable;
    this.dropPages = !choice.cached;
    this.requestBytes = DeviceLimits.requestBytes(stat.deviceMajor(), stat.deviceMinor());
    this.closing = closing;
  }

  private record Choice(int alignment, boolean cached, String reason) {}

  static NativeFile open(Path path, ReadMode mode, BounceBuffers bounce) throws IOException {
    return open(path, mode, bounce, file -> {});
  }

  static NativeFile open(Path path, ReadMode mode, BounceBuffers bounce, Closing closing)
      throws IOException {
    // Without O_NONBLOCK the open of a named pipe would hang; it is cleared again below.
    int fd = FileCalls.open(path, FileCalls.O_CLOEXEC | FileCalls.O_NONBLOCK);
    if (fd < 0) {
      throw openFailed(path, fd);
    }
    try {
      FileCalls.Stat stat = FileCalls.stat(fd);
      if (stat.type() < 0) {
        throw new ErrnoException("statx of " + path, stat.type());
      }
      if (!stat.isRegular()) {
        throw new ErrnoException(
            "open of " + path,
            stat.isDirectory() ? Errno.EISDIR : Errno.EINVAL,
            "it is not a regular file");
      }
      FileSystemType type = Mounts.typeOf(path, stat);
      Choice choice = choose(fd, stat, type, mode);
      return new NativeFile(path, stat, type, choice, fd, false, bounce, closing);
    } catch (IOException | RuntimeException | Error e) {
      FileCalls.close(fd);
      throw e;
    }
  }

  /** Opens or makes a file for its one owner; see {@link BlockWriter}. */
  static NativeFile claim(Path path, BounceBuffers bounce, Closing closing) throws IOException {
    int flags = FileCalls.O_RDWR | FileCalls.O_CREAT | FileCalls.O_NOFOLLOW;
    int fd = FileCalls.open(path, flags | FileCalls.O_CLOEXEC | FileCalls.O_NONBLOCK, OWNER_ONLY);
    if (fd < 0) {
      throw openFailed(path, fd);
    }
    try {
      if (!FileCalls.stat(fd).isRegular()) {
        throw new ErrnoException("claim of " + path, Errno.EINVAL, "it is not a regular file");
      }
      FileClaim.take(path, fd);
      FileCalls.Stat stat = FileCalls.stat(fd);
      FileSystemType type = Mounts.typeOf(path, stat);
      Choice choice = choose(fd, stat, type, ReadMode.DIRECT);
      return new NativeFile(path, stat, type, choice, fd, true, bounce, closing);
    } catch (IOException | RuntimeException | Error e) {
      FileCalls.close(fd);
      throw e;
    }
  }

  @Override
  void setSize(long from, long to) throws IOException {
    int result = from > to ? MemoryCalls.ftruncate(fd, to) : reserve(to);
    if (result == -Errno.EOPNOTSUPP) {
      result = MemoryCalls.ftruncate(fd, to);
    }
    if (result < 0) {
      throw new ErrnoException(
          "reserving %d bytes for %s".formatted(to, path()),
          result,
          "ask for fewer bytes or free some");
    }
  }

  /** All or nothing: what does not fit is neither tried, as that could fill the disk, nor kept. */
  private int reserve(long to) throws IOException {
    FileCalls.Stat now = FileCalls.stat(fd);
    long more = to - now.storedBytes();
    if (more > Files.getFileStore(path()).getUsableSpace()) {
      return -Errno.ENOSPC;
    }
    int result = FileCalls.reserve(fd, to);
    if (result < 0) {
      MemoryCalls.ftruncate(fd, now.sizeBytes());
    }
    return result;
  }

  private static IOException openFailed(Path path, int errno) {
    String name = Errno.name(errno);
    return switch (-errno) {
      case Errno.ENOENT -> new NoSuchFileException(path.toString(), null, name);
      case Errno.EACCES, Errno.EPERM -> new AccessDeniedException(path.toString(), null, name);
      default -> new ErrnoException("open of " + path, errno);
    };
  }

  private static Choice choose(int fd, FileCalls.Stat stat, FileSystemType type, ReadMode mode)
      throws IOException {
    boolean cached = type.isMemory() || isMostlyCached(fd, stat.sizeBytes());
    if (mode == ReadMode.BUFFERED || (mode == ReadMode.AUTO && (cached || !type.direct()))) {
      setFlags(fd, 0);
      return new Choice(1, cached, "buffered: " + whyBuffered(type, cached, mode));
    }
    int result = MemoryCalls.fcntl(fd, FileCalls.F_SETFL, FileCalls.O_DIRECT);
    if (result < 0) {
      setFlags(fd, 0);
      return new Choice(
          1, cached, "buffered: its file system refuses O_DIRECT, " + Errno.name(result));
    }
    int alignment = stat.directAlignment() > 0 ? stat.directAlignment() : USUAL_ALIGNMENT;
    return new Choice(Math.max(2, alignment), cached, "direct");
  }

  private static String whyBuffered(FileSystemType type, boolean cached, ReadMode mode) {
    if (mode != ReadMode.AUTO) {
      return "asked for";
    }
    return type.isMemory()
        ? "its file system is memory"
        : cached ? "most of it is in the page cache" : "the usual way on " + type.name();
  }

  private static void setFlags(int fd, int flags) throws IOException {
    int result = MemoryCalls.fcntl(fd, FileCalls.F_SETFL, flags);
    if (result < 0) {
      throw new ErrnoException("fcntl(F_SETFL) of descriptor " + fd, result);
    }
  }

  private static boolean isMostlyCached(int fd, long sizeBytes) {
    long pages = FileCalls.cachedPages(fd);
    // Before Linux 6.5 nobody knows; then a file counts as not cached.
    return pages > 0 && pages * NativeRegion.PAGE_BYTES > sizeBytes / 2;
  }

  int fd() {
    return fd;
  }

  /** The most bytes that one request to the file's device should ask for. */
  int requestBytes() {
    return requestBytes;
  }

  boolean isOf(Closing reader) {
    return closing.equals(reader);
  }

  @Override
  int readOnce(long fileOffset, MemorySegment slab, long slabOffset, int length)
      throws IOException {
    try {
      while (true) {
        boolean direct = mode() == ReadMode.DIRECT;
        long result = FileCalls.pread(fd, slab.address() + slabOffset, length, fileOffset);
        if (result >= 0) {
          return (int) result;
        }
        if (!retry(result, direct)) {
          throw new ErrnoException(attempt(fileOffset, length), result);
        }
      }
    } finally {
      Reference.reachabilityFence(slab);
    }
  }

  @Override
  boolean isWritable() {
    return writable;
  }

  @Override
  int writeOnce(long fileOffset, MemorySegment slab, long slabOffset, int length)
      throws IOException {
    try {
      while (true) {
        boolean direct = mode() == ReadMode.DIRECT;
        long result = FileCalls.pwrite(fd, slab.address() + slabOffset, length, fileOffset);
        if (result >= 0) {
          return (int) result;
        }
        if (!retry(result, direct)) {
          throw new ErrnoException(
              "write of %s, %d bytes at offset %d".formatted(path(), length, fileOffset), result);
        }
      }
    } finally {
      Reference.reachabilityFence(slab);
    }
  }

  @Override
  public void sync() throws IOException {
    beginRead(0, MemorySegment.NULL, 0, 0);
    try {
      int result = FileCalls.syncData(fd);
      if (result < 0) {
        throw new ErrnoException("fdatasync of " + path(), result);
      }
      if (mode() == ReadMode.BUFFERED && dropPages) {
        FileCalls.dropPages(fd, 0, 0);
      }
    } finally {
      endRead();
    }
  }

  @Override
  public long readNow(long fileOffset, Scatter target) throws IOException {
    int together = aligned(fileOffset, target);
    if (together < 2) {
      return super.readNow(fileOffset, target);
    }
    beginRead(fileOffset, target.slab(0), target.slabOffset(0), 0);
    long result;
    try {
      result = FileCalls.preadv(fd, target.vector(), together, fileOffset);
    } finally {
      endRead();
      Reference.reachabilityFence(target);
    }
    // Interrupted, or cut short by something else than the end: piece by piece gets the rest.
    long wanted = target.length();
    for (int piece = together; piece < target.count(); piece++) {
      wanted -= target.pieceLength(piece);
    }
    return result == wanted
        ? result + readPieces(fileOffset + result, target, together)
        : readPieces(fileOffset, target, 0);
  }

  /** How many of the first pieces one call may read: in direct mode those that are aligned. */
  private int aligned(long fileOffset, Scatter target) {
    int mask = alignmentBytes() - 1;
    if ((fileOffset & mask) != 0) {
      return 0;
    }
    int count = 0;
    while (count < target.count()
        && ((target.pieceLength(count) | target.address(count)) & mask) == 0) {
      count++;
    }
    return count;
  }

  /**
   * Whether a read that ended with {@code result} is worth repeating: after an interruption, and in
   * direct mode after EINVAL or EOPNOTSUPP, with the page cache from then on.
   */
  boolean retry(long result, boolean wasDirect) {
    if (result == -Errno.EINTR || result == -Errno.EAGAIN) {
      return true;
    }
    if (!wasDirect || (result != -Errno.EINVAL && result != -Errno.EOPNOTSUPP)) {
      return false;
    }
    MemoryCalls.fcntl(fd, FileCalls.F_SETFL, 0);
    turnBuffered("buffered: a direct request was refused with " + Errno.name(result));
    return true;
  }

  @Override
  public void dropCache(long fileOffset, long length) {
    if (dropPages && mode() == ReadMode.BUFFERED) {
      FileCalls.dropPages(fd, fileOffset, length);
    }
  }

  @Override
  void release() throws IOException {
    if (writable) {
      FileClaim.give(fd);
    }
    closing.closing(this);
    int result = FileCalls.close(fd);
    if (result < 0) {
      throw new ErrnoException("close of " + path(), result);
    }
  }
}
