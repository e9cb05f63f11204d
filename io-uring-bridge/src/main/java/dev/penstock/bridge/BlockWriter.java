package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * Positional writes from native memory to files of one owner, many in flight. Like {@link
 * BlockReader}, which this is the other half of, it has two implementations: io_uring, and
 * positional writes on a few platform threads.
 *
 * <p>Thread-safe: any thread may submit. Completions run on the writer's own threads and must not
 * block. Memory handed in must stay valid and unchanged until its completion has run. That a write
 * has completed says that the device has the bytes, not that they would survive a loss of power:
 * only {@link WritableFile#sync} says that.
 */
public interface BlockWriter extends AutoCloseable {
  /**
   * Opens a writer; the configuration means what it means for a {@link BlockReader}.
   *
   * @throws IOException if the engine that the configuration insists on cannot be had
   * @throws BudgetExceededException if the writer's own buffers do not fit the budget
   */
  static BlockWriter open(BlockReaderConfig config) throws IOException {
    return ReaderFactory.openWriter(config);
  }

  /**
   * Opens or makes {@code path}, readable and writable by its owner only, and claims it: while it
   * is open nobody else can open it so, in this process or another. The claim is the kernel's and
   * ends with the process, however that ends. The file is as long as it was, 0 bytes if it was
   * made. Written directly where the file system allows it, else through the page cache. The caller
   * owns the handle.
   *
   * @throws FileClaimedException if somebody else has it open
   * @throws IOException if it cannot be opened
   */
  WritableFile claim(Path path) throws IOException;

  /**
   * The same, {@linkplain WritableFile#resize resized}.
   *
   * @throws FileClaimedException if somebody else has it open
   * @throws IOException if it cannot be opened, or the space is not there
   */
  @SuppressWarnings("MustBeClosedChecker")
  default WritableFile claim(Path path, long sizeBytes) throws IOException {
    WritableFile file = claim(path);
    try {
      file.resize(sizeBytes);
      return file;
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /**
   * Writes {@code length} bytes of {@code slab} at {@code slabOffset} to {@code fileOffset} and
   * then calls {@code completion} exactly once, with {@code length} or a negated errno. The range
   * must lie inside the file; offset, address and length are multiples of {@link
   * WritableFile#alignmentBytes}. Blocks while the submission queue is full.
   *
   * @throws IllegalStateException after {@link #close}
   */
  void write(
      WritableFile file,
      long fileOffset,
      MemorySegment slab,
      long slabOffset,
      int length,
      BlockReader.Completion completion);

  /** Hands over whatever {@link #write} has queued but not yet submitted. */
  void flush();

  /** "io_uring" or "channel", with flags and registrations that took effect, for people. */
  String description();

  /** Waits for writes in flight, completes queued ones as cancelled, frees everything. */
  @Override
  void close();

  /** A claimed file. Closed exactly once, after its last write has completed. */
  interface WritableFile extends AutoCloseable {
    /** The path it was opened by. */
    Path path();

    /** Its size in bytes. */
    long sizeBytes();

    /**
     * Makes it so many bytes long. What lies behind is cut off and given back to the file system;
     * space before that is reserved where the file system can do that, all of it or none. It
     * survives a loss of power when {@link #sync} has returned. Nothing that is cut off may be in
     * flight.
     *
     * @throws IOException if the space is not there; the size is what it was
     */
    void resize(long sizeBytes) throws IOException;

    /** Whether its bytes bypass the page cache: never {@link ReadMode#AUTO}. */
    ReadMode mode();

    /** Why {@link #mode} is what it is, for people. */
    String modeReason();

    /** What offset, length and address are multiples of; 1 when buffered. */
    int alignmentBytes();

    /**
     * Reads on the calling thread; returns the number of bytes, fewer than {@code length} only at
     * the end of the file.
     *
     * @throws IOException naming the file and the offset
     */
    int readNow(long fileOffset, MemorySegment slab, long slabOffset, int length)
        throws IOException;

    /**
     * Writes all bytes on the calling thread; the same rules as {@link BlockWriter#write}.
     *
     * @throws IOException naming the file and the offset
     */
    void writeNow(long fileOffset, MemorySegment slab, long slabOffset, int length)
        throws IOException;

    /**
     * Waits until everything whose completion has run survives a loss of power ({@code fdatasync}).
     *
     * @throws IOException if the device does not say so; nothing is known of those bytes then
     */
    void sync() throws IOException;

    /** Gives the claim up. */
    @Override
    void close() throws IOException;
  }
}
