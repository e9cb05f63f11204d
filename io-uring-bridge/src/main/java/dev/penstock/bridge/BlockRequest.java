package dev.penstock.bridge;

import java.lang.foreign.MemorySegment;

/**
 * A read or a write on its way through the ring. After it was handed over, the ring's thread's
 * alone.
 */
final class BlockRequest extends HandOff.Node {
  private static final System.Logger LOG = System.getLogger(BlockRequest.class.getName());

  final boolean write;
  final NativeFile file;
  final long fileOffset;
  final MemorySegment slab;
  final long slabOffset;
  final int length;
  final BlockReader.Completion completion;

  /** Bytes for which pieces have been made. */
  int issued;

  /** Pieces not finished. */
  int running;

  /** The smallest file offset at which a piece met the end of the file. */
  long fileEnd = Long.MAX_VALUE;

  /** The first error, negated, or 0. */
  long error;

  BlockRequest(
      boolean write,
      NativeFile file,
      long fileOffset,
      MemorySegment slab,
      long slabOffset,
      int length,
      BlockReader.Completion completion) {
    this.write = write;
    this.file = file;
    this.fileOffset = fileOffset;
    this.slab = slab;
    this.slabOffset = slabOffset;
    this.length = length;
    this.completion = completion;
  }

  boolean isDone() {
    return running == 0 && issued == length;
  }

  /** Makes no more pieces; ends with {@code negated} unless there was an error before. */
  void fail(long negated) {
    issued = length;
    if (error == 0) {
      error = negated;
    }
  }

  /** Tells whoever asked. The file is let go of first, so that a completion may close it. */
  void end() {
    file.endRead();
    try {
      completion.done(error != 0 ? error : Math.clamp(fileEnd - fileOffset, 0, length));
    } catch (RuntimeException | Error e) {
      LOG.log(System.Logger.Level.ERROR, "completion of a read or write failed", e);
    }
  }
}
