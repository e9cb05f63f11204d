package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * Positional reads of files into native memory, many in flight. Two implementations keep this
 * contract: io_uring through the foreign-function API, and file channels on a few platform threads.
 *
 * <p>Thread-safe: any thread may submit. Completions run on the reader's own threads and must not
 * block. Memory handed in must stay valid until its completion has run.
 */
public interface BlockReader extends AutoCloseable {
  /**
   * Opens a reader. With {@link BlockReaderConfig.Engine#AUTO} it is the best one that works here;
   * {@link #description} and {@link NativeSupport#report} say which and why.
   *
   * @throws IOException if the engine that the configuration insists on cannot be had
   * @throws BudgetExceededException if the reader's own buffers do not fit the budget
   */
  static BlockReader open(BlockReaderConfig config) throws IOException {
    return ReaderFactory.open(config);
  }

  /**
   * Opens {@code path} for reading; the caller owns the handle.
   *
   * @throws IOException if the file cannot be opened; the message names it
   */
  ReadableFile open(Path path, ReadMode mode) throws IOException;

  /**
   * Reads {@code length} bytes at {@code fileOffset} into {@code slab} at {@code slabOffset} and
   * then calls {@code completion} exactly once. Any offset, length and address is allowed; those
   * aligned to {@link ReadableFile#alignmentBytes()} are the fast path. Fewer bytes arrive only at
   * the end of the file; what the asked range holds after them is undefined, nothing outside of it
   * is touched. Blocks while the submission queue (its depth is configured) is full.
   *
   * @throws IllegalStateException after {@link #close}
   */
  void read(
      ReadableFile file,
      long fileOffset,
      MemorySegment slab,
      long slabOffset,
      int length,
      Completion completion);

  /**
   * Hands over whatever {@link #read} has queued but not yet submitted; cheap when nothing is. Call
   * it after the last read of a burst: without it a read may wait for another one's completion.
   */
  void flush();

  /** "io_uring" or "channel", with flags and registrations that took effect, for people. */
  String description();

  /** Waits for reads in flight, completes queued ones as cancelled, frees everything. */
  @Override
  void close();

  /** An open file of this reader. Closed exactly once, after its last read has completed. */
  interface ReadableFile extends AutoCloseable {
    /** The path it was opened by. */
    Path path();

    /** Size in bytes when it was opened. */
    long sizeBytes();

    /** {@code fstat}'s inode number. */
    long inode();

    /** {@code fstat}'s modification time in nanoseconds since the epoch. */
    long modifiedNanos();

    /** The file system that it is on. */
    FileSystemType fileSystem();

    /**
     * The mode in effect: never {@link ReadMode#AUTO}. A direct file turns to buffered when its
     * file system refuses direct reads, at open or at the first read.
     */
    ReadMode mode();

    /** Why {@link #mode} is what it is, for people. */
    String modeReason();

    /**
     * Whether most of the file was in the page cache (or its file system is memory) when it was
     * opened. Such a file is read fastest on the calling thread, with {@link #readNow}.
     */
    boolean cachedAtOpen();

    /** Alignment in bytes of offset, length and address for the fast path; 1 when buffered. */
    int alignmentBytes();

    /**
     * Reads on the calling thread, blocking; returns the number of bytes, fewer than {@code length}
     * only at the end of the file. For small reads such as headers, and for files whose bytes are
     * in the page cache already.
     *
     * @throws IOException naming the file and the offset
     */
    int readNow(long fileOffset, MemorySegment slab, long slabOffset, int length)
        throws IOException;

    /**
     * The same into several places, with one system call where that is possible; returns the number
     * of bytes, fewer than {@link Scatter#length} only at the end of the file.
     *
     * @throws IOException naming the file and the offset
     */
    long readNow(long fileOffset, Scatter target) throws IOException;

    /**
     * Tells the kernel that the cached pages of this range are not needed any more. Does nothing in
     * direct mode, or if the file was in the page cache before it was opened here.
     */
    void dropCache(long fileOffset, long length);

    @Override
    void close() throws IOException;
  }

  /** Told once of the end of a read. Must not block. */
  @FunctionalInterface
  interface Completion {
    /** {@code result}: bytes read if not negative, else a negated errno ({@link Errno}). */
    void done(long result);
  }
}
