package dev.penstock.cache.origin;

import dev.penstock.bridge.BlockReader;
import dev.penstock.bridge.BlockReader.ReadableFile;
import dev.penstock.bridge.Errno;
import dev.penstock.bridge.ReadMode;
import dev.penstock.bridge.Scatter;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.NoSuchFileException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An open local file.
 *
 * <p>Buffered reads of a file that was not in the page cache drop their pages behind them, so that
 * the memory we cause stays ours. Completions must not block, so they only note the range; the next
 * thread that reads pays for the call.
 */
final class FileObject implements OpenObject {
  /** Bytes that small reads may leave in the page cache before they are dropped together. */
  private static final long DROP_STEP_BYTES = 4 << 20;

  private final StoredObject object;
  private final BlockReader reader;
  private final ReadableFile file;
  private final Queue<Range> readThrough = new ConcurrentLinkedQueue<>();
  private final AtomicLong readNowBytes = new AtomicLong();

  private record Range(long offset, long length) {}

  FileObject(StoredObject object, BlockReader reader, ReadableFile file) {
    this.object = object;
    this.reader = reader;
    this.file = file;
  }

  @Override
  public StoredObject object() {
    return object;
  }

  @Override
  public void read(RangeRead read) {
    dropReadThrough();
    for (int block = 0; block < read.blockCount(); block++) {
      int place = block;
      reader.read(
          file,
          read.blockOffset(block),
          read.slab(),
          read.slabOffset(block),
          read.blockLength(block),
          result -> done(read, place, result));
    }
  }

  private void done(RangeRead read, int block, long result) {
    long offset = read.blockOffset(block);
    int length = read.blockLength(block);
    if (result < 0) {
      read.sink().failed(block, failure(offset, length, result));
      return;
    }
    if (mayLeavePages()) {
      readThrough.add(new Range(offset, length));
    }
    read.sink().arrived(block, (int) result);
  }

  @Override
  public void flush() {
    reader.flush();
  }

  @Override
  public int readNow(long offset, MemorySegment target, long targetOffset, int length)
      throws OriginException {
    int bytes;
    try {
      bytes = file.readNow(offset, target, targetOffset, length);
    } catch (IOException failure) {
      throw new OriginException(
              Kind.FAILED, Retry.TEMPORARY, object.location(), offset, length, failure.toString())
          .causedBy(failure);
    }
    if (bytes < Math.min(length, object.sizeBytes() - offset)) {
      throw endedEarly(offset, length, bytes);
    }
    if (mayLeavePages() && readNowBytes.addAndGet(length) > DROP_STEP_BYTES) {
      readNowBytes.set(0);
      file.dropCache(0, object.sizeBytes());
    }
    return bytes;
  }

  @Override
  public long readNow(long offset, Scatter target) throws OriginException {
    long bytes;
    try {
      bytes = file.readNow(offset, target);
    } catch (IOException failure) {
      throw new OriginException(
              Kind.FAILED,
              Retry.TEMPORARY,
              object.location(),
              offset,
              target.length(),
              failure.toString())
          .causedBy(failure);
    }
    if (bytes < target.length()) {
      throw endedEarly(offset, target.length(), bytes);
    }
    if (mayLeavePages()) {
      file.dropCache(offset, bytes);
    }
    return bytes;
  }

  /** Whether each call to the file may cost a round trip. */
  boolean isOnNetwork() {
    return file.fileSystem().isNetwork();
  }

  @Override
  public boolean isResident() {
    return file.mode() == ReadMode.BUFFERED && file.cachedAtOpen();
  }

  @Override
  public OriginException endedEarly(long offset, long length, long found) {
    try {
      ObjectVersion now =
          FileOrigin.stored(file.path(), object.name())
              .map(StoredObject::version)
              .orElse(new ObjectVersion("no regular file"));
      if (!now.equals(object.version())) {
        return FileOrigin.changed(object, now);
      }
    } catch (NoSuchFileException _) {
      return FileOrigin.changed(object, new ObjectVersion("no such file"));
    } catch (IOException _) {
      // The version cannot be told now; what is certain is that the bytes are missing.
    }
    return OpenObject.super.endedEarly(offset, length, found);
  }

  @Override
  public void close() {
    if (mayLeavePages()) {
      file.dropCache(0, object.sizeBytes());
    }
    closeQuietly(file);
  }

  private boolean mayLeavePages() {
    return file.mode() == ReadMode.BUFFERED && !file.cachedAtOpen();
  }

  private void dropReadThrough() {
    Range next = readThrough.poll();
    while (next != null) {
      long offset = next.offset();
      long end = offset + next.length();
      next = readThrough.poll();
      while (next != null && next.offset() == end) {
        end += next.length();
        next = readThrough.poll();
      }
      file.dropCache(offset, end - offset);
    }
  }

  private OriginException failure(long offset, long length, long result) {
    Kind kind =
        switch (Errno.name(result)) {
          case "ECANCELED" -> Kind.CANCELLED;
          case "EACCES", "EPERM" -> Kind.DENIED;
          case "ESTALE" -> Kind.CHANGED;
          case "ETIMEDOUT" -> Kind.TIMED_OUT;
          default -> Kind.FAILED;
        };
    Retry retry = kind == Kind.FAILED || kind == Kind.TIMED_OUT ? Retry.TEMPORARY : Retry.PERMANENT;
    return new OriginException(
        kind, retry, object.location(), offset, length, "read failed with " + Errno.name(result));
  }

  /** A file that was only read has nothing to lose when closing it fails. */
  static void closeQuietly(ReadableFile file) {
    try {
      file.close();
    } catch (IOException _) {
      // Nothing was written, and the descriptor is gone either way.
    }
  }
}
