package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A file read or written through the JDK's channel: the twin for systems where no native call is
 * possible.
 */
final class ChannelFile extends OpenFile {
  /** Files that this process has claimed: the JDK's locks exclude other processes only. */
  private static final Set<Path> CLAIMED = new HashSet<>();

  private volatile FileChannel channel;
  private final boolean writable;

  private ChannelFile(
      Path path,
      Facts facts,
      boolean cached,
      int alignment,
      String reason,
      FileChannel channel,
      boolean writable,
      BounceBuffers bounce) {
    super(path, facts, cached, alignment, reason, bounce);
    this.channel = channel;
    this.writable = writable;
  }

  static ChannelFile open(Path path, ReadMode mode, BounceBuffers bounce) throws IOException {
    if (Files.isDirectory(path)) {
      throw new IOException("open of %s: EISDIR, it is a directory".formatted(path));
    }
    Facts facts = facts(path);
    FileSystemType type = facts.fileSystem();
    boolean memory = type.isMemory();
    if (mode == ReadMode.BUFFERED || (mode == ReadMode.AUTO && (memory || !type.direct()))) {
      String reason = mode == ReadMode.BUFFERED ? "asked for" : "on " + type.name();
      return new ChannelFile(
          path, facts, memory, 1, "buffered: " + reason, openChannel(path, false), false, bounce);
    }
    try {
      FileChannel direct = openChannel(path, true);
      int alignment = blockBytes(Files.getFileStore(path));
      return new ChannelFile(path, facts, false, alignment, "direct", direct, false, bounce);
    } catch (UnsupportedOperationException | IOException e) {
      String reason = "buffered: direct reads refused, " + e.getMessage();
      return new ChannelFile(
          path, facts, memory, 1, reason, openChannel(path, false), false, bounce);
    }
  }

  /** Opens or makes a file for its one owner; see {@link BlockWriter}. */
  static ChannelFile claim(Path path, BounceBuffers bounce) throws IOException {
    Path claimed = path.toAbsolutePath().normalize();
    synchronized (CLAIMED) {
      if (!CLAIMED.add(claimed)) {
        throw new FileClaimedException(path);
      }
    }
    FileChannel channel = null;
    try {
      channel = openClaimed(path);
      if (channel.tryLock() == null) {
        throw new FileClaimedException(path);
      }
      String reason = "buffered: direct writes need native calls";
      return new ChannelFile(path, facts(path), false, 1, reason, channel, true, bounce);
    } catch (IOException | RuntimeException | Error e) {
      if (channel != null) {
        channel.close();
      }
      unclaim(claimed);
      throw e;
    }
  }

  @Override
  void setSize(long from, long to) throws IOException {
    try {
      channel.truncate(to);
      if (from < to) {
        channel.write(ByteBuffer.allocate(1), to - 1);
      }
    } catch (IOException e) {
      throw new IOException(
          "reserving %d bytes for %s failed: %s".formatted(to, path(), e.getMessage()), e);
    }
  }

  private static FileChannel openClaimed(Path path) throws IOException {
    return FileChannel.open(
        path,
        Set.of(
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE,
            LinkOption.NOFOLLOW_LINKS),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
  }

  private static void unclaim(Path claimed) {
    synchronized (CLAIMED) {
      CLAIMED.remove(claimed);
    }
  }

  @Override
  boolean isWritable() {
    return writable;
  }

  @Override
  int writeOnce(long fileOffset, MemorySegment slab, long slabOffset, int length)
      throws IOException {
    return channel.write(slab.asSlice(slabOffset, length).asByteBuffer(), fileOffset);
  }

  @Override
  public void sync() throws IOException {
    beginRead(0, MemorySegment.NULL, 0, 0);
    try {
      channel.force(false);
    } finally {
      endRead();
    }
  }

  private static int blockBytes(FileStore store) throws IOException {
    return Math.toIntExact(Math.max(NativeRegion.PAGE_BYTES, store.getBlockSize()));
  }

  private static FileChannel openChannel(Path path, boolean direct) throws IOException {
    Set<OpenOption> options =
        direct ? Set.of(StandardOpenOption.READ, directOption()) : Set.of(StandardOpenOption.READ);
    return FileChannel.open(path, options);
  }

  /** {@code ExtendedOpenOption.DIRECT}, by name: javac warns of every mention without remedy. */
  private static OpenOption directOption() {
    try {
      Class<?> type = Class.forName("com.sun.nio.file.ExtendedOpenOption");
      return (OpenOption) type.getField("DIRECT").get(null);
    } catch (ReflectiveOperationException e) {
      throw new UnsupportedOperationException("this JDK has no direct channels", e);
    }
  }

  private static Facts facts(Path path) throws IOException {
    FileSystemType type = FileSystemType.named(Files.getFileStore(path).type(), "the mount table");
    try {
      Map<String, Object> unix = Files.readAttributes(path, "unix:size,ino,lastModifiedTime");
      return new Facts(
          number(unix.get("size")),
          number(unix.get("ino")),
          nanos(unix.get("lastModifiedTime")),
          type);
    } catch (UnsupportedOperationException | IllegalArgumentException e) {
      // Not a Unix file system: size and time have to do.
      return new Facts(Files.size(path), 0, nanos(Files.getLastModifiedTime(path)), type);
    }
  }

  private static long number(@Nullable Object value) {
    return value instanceof Number known ? known.longValue() : 0;
  }

  private static long nanos(@Nullable Object value) {
    return value instanceof FileTime time ? time.to(TimeUnit.NANOSECONDS) : 0;
  }

  @Override
  int readOnce(long fileOffset, MemorySegment slab, long slabOffset, int length)
      throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        FileChannel current = channel;
        ByteBuffer target = slab.asSlice(slabOffset, length).asByteBuffer();
        try {
          return Math.max(0, current.read(target, fileOffset));
        } catch (AsynchronousCloseException e) {
          // An interrupt of any reader closes the channel for all; the file is still wanted.
          interrupted |= Thread.interrupted();
          reopen(current);
        } catch (ClosedChannelException e) {
          reopen(current);
        } catch (IOException e) {
          if (mode() == ReadMode.BUFFERED || !turnBuffered(current, e)) {
            throw new IOException(attempt(fileOffset, length) + " failed: " + e.getMessage(), e);
          }
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Some file systems take the open and refuse the read. */
  private synchronized boolean turnBuffered(FileChannel broken, IOException cause)
      throws IOException {
    if (!channel.equals(broken)) {
      return true;
    }
    if (!String.valueOf(cause.getMessage()).contains("Invalid argument")) {
      return false;
    }
    turnBuffered("buffered: direct read refused, " + cause.getMessage());
    channel = openChannel(path(), false);
    broken.close();
    return true;
  }

  private synchronized void reopen(FileChannel broken) throws IOException {
    if (!channel.equals(broken)) {
      return;
    }
    if (writable) {
      throw new IOException("the claim on %s was lost with an interrupt".formatted(path()));
    }
    if (facts(path()).inode() != inode()) {
      throw new IOException("%s was replaced while it was being read".formatted(path()));
    }
    channel = openChannel(path(), mode() == ReadMode.DIRECT);
  }

  @Override
  public void dropCache(long fileOffset, long length) {
    // The JDK has no such advice; the channel engine says so in its description.
  }

  @Override
  synchronized void release() throws IOException {
    channel.close();
    if (writable) {
      unclaim(path().toAbsolutePath().normalize());
    }
  }
}
