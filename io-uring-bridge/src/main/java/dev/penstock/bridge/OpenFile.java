package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What every open file knows, and blocking reads of any offset, length and address on top of a
 * primitive that, in direct mode, takes aligned ones only.
 */
abstract class OpenFile implements BlockReader.ReadableFile, BlockWriter.WritableFile {
  /** What the file system says of a file when it is opened. */
  record Facts(long sizeBytes, long inode, long modifiedNanos, FileSystemType fileSystem) {}

  private static final int CLOSED = Integer.MIN_VALUE;

  private final Path path;
  private final Facts facts;

  /** What {@link Facts} say, unless its one owner has changed it. */
  private volatile long sizeBytes;

  private final boolean cachedAtOpen;
  private final BounceBuffers bounce;

  /** Reads in flight, or {@link #CLOSED}: a descriptor must not be closed under a read. */
  private final AtomicInteger readers = new AtomicInteger();

  /** Alignment of direct reads; 1 while buffered. Changes at most once, from direct to buffered. */
  private volatile int alignmentBytes;

  private volatile String modeReason;

  OpenFile(
      Path path,
      Facts facts,
      boolean cachedAtOpen,
      int alignmentBytes,
      String modeReason,
      BounceBuffers bounce) {
    this.path = path;
    this.facts = facts;
    this.sizeBytes = facts.sizeBytes();
    this.cachedAtOpen = cachedAtOpen;
    this.alignmentBytes = alignmentBytes;
    this.modeReason = modeReason;
    this.bounce = bounce;
  }

  /**
   * One positional read on the calling thread: bytes read, 0 at the end of the file. In direct mode
   * offset, address and length are multiples of the alignment.
   */
  abstract int readOnce(long fileOffset, MemorySegment slab, long slabOffset, int length)
      throws IOException;

  /**
   * One positional write on the calling thread: bytes written. In direct mode offset, address and
   * length are multiples of the alignment.
   */
  abstract int writeOnce(long fileOffset, MemorySegment slab, long slabOffset, int length)
      throws IOException;

  /** Whether it was opened for writing, by a claim. */
  abstract boolean isWritable();

  /** Frees what {@link #close} has to; called once. */
  abstract void release() throws IOException;

  @Override
  public final Path path() {
    return path;
  }

  @Override
  public final long sizeBytes() {
    return sizeBytes;
  }

  /** Changes the size of a file that was claimed; see {@link #resize}. */
  abstract void setSize(long from, long to) throws IOException;

  @Override
  public final void resize(long to) throws IOException {
    if (!isWritable()) {
      throw new IllegalArgumentException(path + " was opened for reading only");
    }
    beginRead(0, MemorySegment.NULL, 0, 0);
    try {
      setSize(sizeBytes, to);
      sizeBytes = to;
    } finally {
      endRead();
    }
  }

  @Override
  public final long inode() {
    return facts.inode();
  }

  @Override
  public final long modifiedNanos() {
    return facts.modifiedNanos();
  }

  @Override
  public final FileSystemType fileSystem() {
    return facts.fileSystem();
  }

  @Override
  public final ReadMode mode() {
    return alignmentBytes > 1 ? ReadMode.DIRECT : ReadMode.BUFFERED;
  }

  @Override
  public final String modeReason() {
    return modeReason;
  }

  @Override
  public final boolean cachedAtOpen() {
    return cachedAtOpen;
  }

  @Override
  public final int alignmentBytes() {
    return alignmentBytes;
  }

  /** Announces a read; {@link #endRead} follows exactly once. Refused when the file is closed. */
  final void beginRead(long fileOffset, MemorySegment slab, long slabOffset, int length) {
    Objects.checkFromIndexSize(slabOffset, length, slab.byteSize());
    if (fileOffset < 0 || !slab.isNative()) {
      throw new IllegalArgumentException(
          "read of %s at offset %d into %s memory"
              .formatted(path, fileOffset, slab.isNative() ? "native" : "heap"));
    }
    if (readers.incrementAndGet() <= 0) {
      readers.decrementAndGet();
      throw new IllegalStateException("%s was closed, read at %d".formatted(path, fileOffset));
    }
  }

  /** {@link #beginRead} for a write, which {@link #endRead} follows as well. */
  final void beginWrite(long fileOffset, MemorySegment slab, long slabOffset, int length) {
    if (!isWritable()) {
      throw new IllegalArgumentException(path + " was opened for reading only");
    }
    Objects.checkFromIndexSize(fileOffset, length, sizeBytes);
    int mask = alignmentBytes - 1;
    if (((fileOffset | length | (slab.address() + slabOffset)) & mask) != 0) {
      throw new IllegalArgumentException(
          "write of %s: offset %d, length %d and address must be multiples of %d"
              .formatted(path, fileOffset, length, mask + 1));
    }
    beginRead(fileOffset, slab, slabOffset, length);
  }

  final void endRead() {
    readers.decrementAndGet();
  }

  /** From now on this file is read through the page cache. */
  final void turnBuffered(String reason) {
    modeReason = reason;
    alignmentBytes = 1;
  }

  @Override
  public final int readNow(long fileOffset, MemorySegment slab, long slabOffset, int length)
      throws IOException {
    beginRead(fileOffset, slab, slabOffset, length);
    try {
      return readAll(fileOffset, slab, slabOffset, length);
    } finally {
      endRead();
    }
  }

  @Override
  public long readNow(long fileOffset, Scatter target) throws IOException {
    return readPieces(fileOffset, target, 0);
  }

  /** Reads pieces from {@code first} on, one after the other; {@code at} is where that one is. */
  final long readPieces(long at, Scatter target, int first) throws IOException {
    long done = 0;
    for (int piece = first; piece < target.count(); piece++) {
      int length = Math.toIntExact(target.pieceLength(piece));
      int got = readNow(at + done, target.slab(piece), target.slabOffset(piece), length);
      done += got;
      if (got < length) {
        break;
      }
    }
    return done;
  }

  /** {@link #readNow} for a caller that has announced the read. */
  final int readAll(long fileOffset, MemorySegment slab, long slabOffset, int length)
      throws IOException {
    int done = 0;
    while (done < length) {
      long at = fileOffset + done;
      int got = readSome(at, slab, slabOffset + done, length - done);
      done += got;
      if (got == 0 || endsAt(at + got)) {
        break;
      }
    }
    return done;
  }

  /** Whether a read that reached {@code end} need not be continued. */
  final boolean endsAt(long end) {
    // Files of size 0 may still have content (procfs), and end where a read returns nothing.
    return sizeBytes > 0 && end >= sizeBytes;
  }

  @Override
  public final void writeNow(long fileOffset, MemorySegment slab, long slabOffset, int length)
      throws IOException {
    beginWrite(fileOffset, slab, slabOffset, length);
    try {
      writeAll(fileOffset, slab, slabOffset, length);
    } finally {
      endRead();
    }
  }

  /** {@link #writeNow} for a caller that has announced the write. */
  final void writeAll(long fileOffset, MemorySegment slab, long slabOffset, int length)
      throws IOException {
    for (int done = 0; done < length; ) {
      int some = writeOnce(fileOffset + done, slab, slabOffset + done, length - done);
      if (some == 0) {
        throw new ErrnoException(
            "write of %s, %d bytes at offset %d".formatted(path, length, fileOffset), Errno.EIO);
      }
      done += some;
    }
  }

  /**
   * How the next bytes of a read are had: that many straight to their place if positive, else that
   * many, negated, by way of an aligned bounce buffer.
   */
  static int step(long at, long address, int left, int alignment) {
    int mask = alignment - 1;
    if (((at | address) & mask) == 0 && left >= alignment) {
      return left & -alignment;
    }
    if (((at - address) & mask) == 0 && (at & mask) != 0) {
      // Only the head is unaligned: after it the rest goes straight to its place.
      return -Math.min(left, alignment - (int) (at & mask));
    }
    return -left;
  }

  /** Bytes to read, from the aligned place {@code skip} before, for {@code want} bytes or part. */
  static int bounceSpan(int skip, int want, int alignment) {
    long whole = ((long) skip + want + alignment - 1) & -alignment;
    return (int) Math.min(BounceBuffers.BYTES, whole);
  }

  private int readSome(long at, MemorySegment slab, long slabOffset, int left) throws IOException {
    int alignment = alignmentBytes;
    int step = step(at, slab.address() + slabOffset, left, alignment);
    return step > 0
        ? readOnce(at, slab, slabOffset, step)
        : readThroughBounce(at, slab, slabOffset, -step, alignment);
  }

  private int readThroughBounce(
      long at, MemorySegment slab, long slabOffset, int want, int alignment) throws IOException {
    int skip = (int) (at & (alignment - 1));
    long buffer = bounce.take();
    try {
      int span = bounceSpan(skip, want, alignment);
      int got = readOnce(at - skip, bounce.slab(), buffer, span);
      int usable = Math.clamp((long) got - skip, 0, want);
      MemorySegment.copy(bounce.slab(), buffer + skip, slab, slabOffset, usable);
      return usable;
    } finally {
      bounce.give(buffer);
    }
  }

  /** What a failed read was about. */
  final String attempt(long fileOffset, int length) {
    return "read of %s, %d bytes at offset %d".formatted(path, length, fileOffset);
  }

  @Override
  public final void close() throws IOException {
    int running = readers.compareAndExchange(0, CLOSED);
    if (running != 0) {
      throw new IllegalStateException(
          "close of %s: %s"
              .formatted(
                  path, running < 0 ? "closed already" : running + " reads are still in flight"));
    }
    release();
  }

  @Override
  public final String toString() {
    return path + " (" + modeReason + ")";
  }
}
