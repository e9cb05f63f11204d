package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A file read through the JDK's channel: the twin for systems where no native call is possible. */
final class ChannelFile extends OpenFile {
  private volatile FileChannel channel;

  private ChannelFile(
      Path path,
      Facts facts,
      boolean cached,
      int alignment,
      String reason,
      FileChannel channel,
      BounceBuffers bounce) {
    super(path, facts, cached, alignment, reason, bounce);
    this.channel = channel;
  }

  static ChannelFile open(Path path, ReadMode mode, BounceBuffers bounce) throws IOException {
    if (Files.isDirectory(path)) {
      throw new IOException("open of %s: EISDIR, it is a directory".formatted(path));
    }
    Facts facts = facts(path);
    String fileSystem = Files.getFileStore(path).type();
    boolean memory = fileSystem.equals("tmpfs") || fileSystem.equals("ramfs");
    if (mode == ReadMode.BUFFERED || (mode == ReadMode.AUTO && memory)) {
      String reason = mode == ReadMode.BUFFERED ? "asked for" : "on " + fileSystem;
      return new ChannelFile(
          path, facts, memory, 1, "buffered: " + reason, openChannel(path, false), bounce);
    }
    try {
      FileChannel direct = openChannel(path, true);
      int alignment = blockBytes(Files.getFileStore(path));
      return new ChannelFile(path, facts, false, alignment, "direct", direct, bounce);
    } catch (UnsupportedOperationException | IOException e) {
      String reason = "buffered: direct reads refused, " + e.getMessage();
      return new ChannelFile(path, facts, memory, 1, reason, openChannel(path, false), bounce);
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
    try {
      Map<String, Object> unix = Files.readAttributes(path, "unix:size,ino,lastModifiedTime");
      return new Facts(
          number(unix.get("size")), number(unix.get("ino")), nanos(unix.get("lastModifiedTime")));
    } catch (UnsupportedOperationException | IllegalArgumentException e) {
      // Not a Unix file system: size and time have to do.
      return new Facts(Files.size(path), 0, nanos(Files.getLastModifiedTime(path)));
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
  }
}
