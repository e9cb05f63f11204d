package dev.penstock.cache.remote;

import dev.penstock.bridge.ErrnoException;
import dev.penstock.bridge.FileSystemType;
import dev.penstock.bridge.Scatter;
import dev.penstock.cache.http.HttpCall;
import dev.penstock.cache.origin.FileOrigin;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.origin.StoredObject;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Positional reads of files on network mounts: one descriptor for each shard, kept while it is
 * open; a whole range, whatever blocks it fills, by one system call. After a failure the file is
 * opened again, because a descriptor of a mount that was lost stays lost. Thread-safe.
 */
final class MountTransport implements RangeTransport {
  private final Origin files;

  // Guarded by this.
  private final Map<StoredObject, Handle> handles = new HashMap<>();

  /** How often an object is open, and its descriptor. Guarded by the transport. */
  private static final class Handle {
    int uses = 1;
    Held held;

    Handle(OpenObject file) {
      this.held = new Held(file);
    }
  }

  /** A descriptor, and how many reads it has; closed after the last once it is retired. */
  private static final class Held {
    final OpenObject file;
    int reads;
    boolean retired;

    Held(OpenObject file) {
      this.file = file;
    }
  }

  MountTransport(Origin files) {
    this.files = files;
  }

  /** The object may be read from {@code file} from now on, which is this transport's. */
  void opened(StoredObject object, OpenObject file) {
    synchronized (this) {
      Handle other = handles.get(object);
      if (other == null) {
        handles.put(object, new Handle(file));
        return;
      }
      other.uses++;
    }
    file.close();
  }

  /** Counts one more that has the object open; false if nobody has. */
  synchronized boolean openedAgain(StoredObject object) {
    Handle handle = handles.get(object);
    if (handle != null) {
      handle.uses++;
    }
    return handle != null;
  }

  /** One of those that opened the object has closed it. */
  void closed(StoredObject object) {
    Held last = null;
    synchronized (this) {
      Handle handle = handles.get(object);
      if (handle != null && --handle.uses == 0) {
        handles.remove(object);
        last = retired(handle.held);
      }
    }
    close(last);
  }

  synchronized int openFiles() {
    return handles.size();
  }

  /** The descriptor if nothing reads it any more; else its last read closes it. */
  private static @Nullable Held retired(Held held) {
    held.retired = true;
    return held.reads == 0 ? held : null;
  }

  private static void close(@Nullable Held held) {
    if (held != null) {
      held.file.close();
    }
  }

  @Override
  public void get(
      StoredObject object, long offset, long length, Body body, HttpCall call, boolean fresh)
      throws IOException {
    if (fresh) {
      openAgain(object, offset, length);
    }
    Held held = take(object);
    try {
      receive(held.file, offset, length, body);
    } catch (OriginException failure) {
      throw explained(failure);
    } finally {
      give(held);
    }
  }

  private static void receive(OpenObject file, long offset, long length, Body body)
      throws IOException {
    Scatter places = new Scatter();
    long done = 0;
    while (done < length) {
      places.clear();
      int got;
      if (body.places(places, length - done)) {
        got = Math.toIntExact(file.readNow(offset + done, places));
      } else {
        ByteBuffer room = body.room();
        int wanted = (int) Math.min(room.remaining(), length - done);
        got = file.readNow(offset + done, MemorySegment.ofBuffer(room), 0, wanted);
        room.position(room.position() + got);
      }
      if (got <= 0) {
        throw new EOFException("the file ended %d bytes early".formatted(length - done));
      }
      body.filled(got);
      done += got;
    }
  }

  private void openAgain(StoredObject object, long offset, long length) throws IOException {
    OpenObject file;
    try {
      file = files.open(object);
    } catch (OriginException failure) {
      throw explained(unmountedOr(failure, object)).at(offset, length);
    }
    Held old = null;
    synchronized (this) {
      Handle handle = handles.get(object);
      if (handle != null) {
        old = retired(handle.held);
        handle.held = new Held(file);
        file = null;
      }
    }
    close(old);
    if (file != null) {
      file.close();
    }
  }

  private synchronized Held take(StoredObject object) throws IOException {
    Handle handle = handles.get(object);
    if (handle == null) {
      throw new IOException(object.location() + " was closed while it was read");
    }
    handle.held.reads++;
    return handle.held;
  }

  private void give(Held held) {
    boolean last;
    synchronized (this) {
      held.reads--;
      last = held.retired && held.reads == 0;
    }
    if (last) {
      held.file.close();
    }
  }

  /** A question that is worth asking again while the mount is lost: it may come back. */
  static <T> RemoteRetries.Question<T> retried(RemoteRetries.Question<T> question) {
    return () -> {
      try {
        return question.ask();
      } catch (OriginException failure) {
        throw explained(failure);
      }
    };
  }

  /** Says what a lost mount needs; its own message only says that there is no connection. */
  private static OriginException explained(OriginException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (isDisconnected(cause)) {
        return failure.retold(
            Retry.TEMPORARY,
            failure.reason() + "; the process or server behind this mount is gone, mount it again");
      }
    }
    return failure;
  }

  /**
   * A failure to find what was on a network mount: while that is mounted anew, the directory below
   * it shows for a moment, and has no such file.
   */
  static OriginException unmountedOr(OriginException failure, StoredObject object) {
    if (failure.kind() != Kind.NOT_FOUND) {
      return failure;
    }
    Path file = FileOrigin.pathOf(object.location());
    if (isOnMount(file) && !Files.exists(file)) { // else the mount has come since
      return failure;
    }
    return failure.retold(
        Retry.TEMPORARY,
        failure.reason()
            + "; the network file system that it was on is not mounted, mount it again");
  }

  /** Whether the nearest directory that is there is on a network mount. */
  private static boolean isOnMount(Path file) {
    for (Path at = file.getParent(); at != null; at = at.getParent()) {
      try {
        return FileSystemType.of(at).isNetwork();
      } catch (IOException _) {
        // Not there either, or not answering: what is above it tells.
      }
    }
    return false;
  }

  /** The JDK's calls have no error number, only its text. */
  private static boolean isDisconnected(Throwable cause) {
    return cause instanceof ErrnoException refused
        ? refused.isDisconnected()
        : cause instanceof FileSystemException failed
            && (String.valueOf(failed.getReason()).contains("Transport endpoint is not connected")
                || String.valueOf(failed.getReason()).contains("Software caused connection abort"));
  }
}
