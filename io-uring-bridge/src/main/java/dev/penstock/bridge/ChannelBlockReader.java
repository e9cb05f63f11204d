package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The twin that needs nothing of the kernel but positional reads and writes: a few platform
 * threads, each with one of them in flight. Files are read by pread where native calls work, else
 * by the JDK's channels.
 */
final class ChannelBlockReader implements ReaderFactory.Engine {
  private record Request(
      boolean write,
      OpenFile file,
      long fileOffset,
      MemorySegment slab,
      long slabOffset,
      int length,
      Completion completion) {}

  private static final System.Logger LOG = System.getLogger(ChannelBlockReader.class.getName());

  private final String description;
  private final int depth;
  private final boolean nativeFiles;
  private final BounceBuffers bounce;
  private final List<Thread> threads = new ArrayList<>();

  /** Guards everything below. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition work = lock.newCondition();
  private final Condition room = lock.newCondition();

  private final ArrayDeque<Request> queue = new ArrayDeque<>();
  private int pending;
  private boolean closed;

  private ChannelBlockReader(
      BlockReaderConfig config, String reason, boolean nativeFiles, BounceBuffers bounce) {
    this.depth = config.queueDepth();
    this.nativeFiles = nativeFiles;
    this.bounce = bounce;
    this.description =
        "channel (%s, %d threads, depth %d): %s"
            .formatted(
                nativeFiles ? "pread" : "JDK channels, pages are not dropped from the cache",
                config.channelThreads(),
                depth,
                reason);
  }

  /**
   * @param reason why this engine was chosen
   * @param nativeFiles whether to call pread directly, else the JDK's channels do it
   */
  static ChannelBlockReader open(BlockReaderConfig config, String reason, boolean nativeFiles) {
    int buffers = config.channelThreads() + 2;
    BounceBuffers bounce = BounceBuffers.open(config.budget(), buffers);
    ChannelBlockReader reader = new ChannelBlockReader(config, reason, nativeFiles, bounce);
    for (int index = 0; index < config.channelThreads(); index++) {
      Thread thread = new Thread(reader::run, "penstock-read-" + index);
      thread.setDaemon(true);
      reader.threads.add(thread);
      thread.start();
    }
    return reader;
  }

  @Override
  public ReadableFile open(Path path, ReadMode mode) throws IOException {
    lock.lock();
    try {
      checkOpen();
    } finally {
      lock.unlock();
    }
    return nativeFiles ? NativeFile.open(path, mode, bounce) : ChannelFile.open(path, mode, bounce);
  }

  @Override
  public void read(
      ReadableFile file,
      long fileOffset,
      MemorySegment slab,
      long slabOffset,
      int length,
      Completion completion) {
    OpenFile open = (OpenFile) file;
    open.beginRead(fileOffset, slab, slabOffset, length);
    submit(new Request(false, open, fileOffset, slab, slabOffset, length, completion));
  }

  @Override
  public WritableFile claim(Path path) throws IOException {
    lock.lock();
    try {
      checkOpen();
    } finally {
      lock.unlock();
    }
    return nativeFiles
        ? NativeFile.claim(path, bounce, file -> {})
        : ChannelFile.claim(path, bounce);
  }

  @Override
  public void write(
      WritableFile file,
      long fileOffset,
      MemorySegment slab,
      long slabOffset,
      int length,
      Completion completion) {
    OpenFile open = (OpenFile) file;
    open.beginWrite(fileOffset, slab, slabOffset, length);
    submit(new Request(true, open, fileOffset, slab, slabOffset, length, completion));
  }

  /** Hands over a request that its file knows of already. */
  private void submit(Request request) {
    lock.lock();
    try {
      while (!closed && pending >= depth) {
        room.awaitUninterruptibly();
      }
      if (closed) {
        request.file.endRead();
      }
      checkOpen();
      pending++;
      queue.add(request);
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("block reader is closed");
    }
  }

  private void run() {
    for (Request request = next(); request != null; request = next()) {
      complete(request, perform(request));
    }
  }

  /** The next request, or null when the reader has been closed. */
  private @Nullable Request next() {
    lock.lock();
    try {
      while (queue.isEmpty() && !closed) {
        work.awaitUninterruptibly();
      }
      return queue.poll();
    } finally {
      lock.unlock();
    }
  }

  private static long perform(Request request) {
    try {
      if (request.write) {
        request.file.writeAll(request.fileOffset, request.slab, request.slabOffset, request.length);
        return request.length;
      }
      return request.file.readAll(
          request.fileOffset, request.slab, request.slabOffset, request.length);
    } catch (ErrnoException e) {
      return -e.errno();
    } catch (IOException e) {
      // Only the number reaches the completion, so the JDK's words are kept in the log.
      LOG.log(System.Logger.Level.WARNING, "read or write failed", e);
      return -Errno.EIO;
    }
  }

  private void complete(Request request, long result) {
    request.file.endRead();
    try {
      request.completion.done(result);
    } catch (RuntimeException | Error e) {
      LOG.log(System.Logger.Level.ERROR, "completion of a read or write failed", e);
    } finally {
      lock.lock();
      try {
        pending--;
        room.signal();
      } finally {
        lock.unlock();
      }
    }
  }

  @Override
  public void flush() {
    // Every read is handed over at once.
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public void close() {
    List<Request> cancelled;
    lock.lock();
    try {
      checkOpen();
      closed = true;
      cancelled = new ArrayList<>(queue);
      queue.clear();
      work.signalAll();
      room.signalAll();
    } finally {
      lock.unlock();
    }
    for (Request request : cancelled) {
      complete(request, -Errno.ECANCELED);
    }
    for (Thread thread : threads) {
      Threads.joinUninterruptibly(thread);
    }
    bounce.close();
  }
}
