package dev.penstock.cache.hdfs;

import dev.penstock.cache.http.HttpCall;
import dev.penstock.cache.origin.ObjectVersion;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.cache.remote.RangeAnswer;
import dev.penstock.cache.remote.RangeTransport;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.jspecify.annotations.Nullable;

/**
 * Positional reads straight into native memory. One stream for each open object, which many threads
 * read at a time: a positional read of HDFS takes a connection to a data node of its own. The
 * stream holds the places of the blocks of the file that was opened, so it never reads one that
 * replaced it. Thread-safe.
 */
final class HdfsTransport implements RangeTransport, AutoCloseable {
  private final HdfsFiles files;

  // Guarded by this.
  private final Map<StoredObject, Handle> handles = new HashMap<>();

  /** How often an object is open, and its stream once it was read. */
  private static final class Handle {
    int uses;

    // Guarded by this.
    @Nullable FSDataInputStream stream;

    /** The one before, which others may still be reading. */
    @Nullable FSDataInputStream retired;
  }

  HdfsTransport(HdfsFiles files) {
    this.files = files;
  }

  /** The object may be read from now on. */
  synchronized void opened(StoredObject object) {
    handles.computeIfAbsent(object, ignored -> new Handle()).uses++;
  }

  /** One of those that opened the object has closed it. */
  void closed(StoredObject object) {
    Handle last = null;
    synchronized (this) {
      Handle handle = handles.get(object);
      if (handle != null && --handle.uses == 0) {
        handles.remove(object);
        last = handle;
      }
    }
    if (last != null) {
      close(last);
    }
  }

  synchronized int openStreams() {
    return (int) handles.values().stream().filter(handle -> handle.stream != null).count();
  }

  @Override
  public void get(
      StoredObject object, long offset, long length, Body body, HttpCall call, boolean fresh)
      throws IOException {
    Handle handle = handle(object);
    Thread reader = Thread.currentThread();
    call.abortBy(reader::interrupt);
    try {
      receive(stream(handle, object, fresh), offset, length, body, call);
    } catch (IOException failure) {
      throw call.isCancelled() ? failure : explained(object, offset, length, failure);
    } finally {
      call.released();
      if (call.isCancelled()) {
        Thread.interrupted(); // it was meant for this read, which has ended
      }
    }
  }

  private synchronized Handle handle(StoredObject object) throws IOException {
    Handle handle = handles.get(object);
    if (handle == null) {
      throw new IOException(object.location() + " was closed while it was read");
    }
    return handle;
  }

  private FSDataInputStream stream(Handle handle, StoredObject object, boolean fresh)
      throws IOException {
    synchronized (handle) {
      FSDataInputStream stream = handle.stream;
      if (stream != null && fresh) {
        // Dead data nodes are remembered by the stream, and so are block places that have moved.
        closeQuietly(handle.retired);
        handle.retired = stream;
        handle.stream = null;
        stream = null;
      }
      if (stream == null) {
        Path path = new Path(object.location());
        stream = files.at(path).open(path);
        handle.stream = stream;
        requireVersion(object); // after opening: what is read is what is compared
      }
      return stream;
    }
  }

  private void requireVersion(StoredObject object) throws IOException {
    Optional<FileStatus> now = files.status(object.location());
    ObjectVersion found = now.map(HdfsFiles::version).orElse(new ObjectVersion("gone"));
    if (!found.equals(object.version())) {
      throw RangeAnswer.changed(object, found, now.map(FileStatus::getLen).orElse(0L));
    }
  }

  private static void receive(
      FSDataInputStream stream, long offset, long length, Body body, HttpCall call)
      throws IOException {
    boolean direct = stream.hasCapability(StreamCapabilities.PREADBYTEBUFFER);
    long done = 0;
    while (done < length) {
      if (call.isCancelled()) {
        throw new IOException("the request was cancelled");
      }
      ByteBuffer room = body.room();
      int limit = room.limit();
      room.limit((int) Math.min(limit, room.position() + length - done));
      int read = direct ? stream.read(offset + done, room) : copied(stream, offset + done, room);
      room.limit(limit);
      if (read <= 0) {
        throw new EOFException("the file ended %d bytes early".formatted(length - done));
      }
      body.filled(read);
      done += read;
    }
  }

  /** For streams that cannot read into native memory: those of encryption zones, some mounts. */
  private static int copied(FSDataInputStream stream, long position, ByteBuffer room)
      throws IOException {
    byte[] bytes = new byte[Math.min(room.remaining(), 64 << 10)];
    int read = stream.read(position, bytes, 0, bytes.length);
    if (read > 0) {
      room.put(bytes, 0, read);
    }
    return read;
  }

  /** A file that is no longer the one that was opened explains most failures of its blocks. */
  private IOException explained(
      StoredObject object, long offset, long length, IOException failure) {
    try {
      requireVersion(object);
    } catch (IOException changed) {
      changed.addSuppressed(failure);
      return changed;
    }
    return files.typed(object.location(), offset, length, failure);
  }

  private static void close(Handle handle) {
    synchronized (handle) {
      closeQuietly(handle.stream);
      closeQuietly(handle.retired);
      handle.stream = null;
      handle.retired = null;
    }
  }

  private static void closeQuietly(@Nullable FSDataInputStream stream) {
    if (stream != null) {
      try {
        stream.close();
      } catch (IOException _) {
        // Nothing was written; what could be read has been.
      }
    }
  }

  /** Closes what is open still. */
  @Override
  public synchronized void close() {
    handles.values().forEach(HdfsTransport::close);
    handles.clear();
  }
}
