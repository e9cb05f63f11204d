package dev.penstock.formats;

import java.lang.foreign.MemorySegment;

/**
 * A streaming decoder of one shard, entered at the start of a frame (a gzip member, a zstd or lz4
 * frame). Output never exceeds what the caller offers, so a decompression bomb costs time only.
 * Checksums that the frame carries are verified before its end is reported. One thread at a time.
 */
public interface FrameDecoder extends AutoCloseable {
  /**
   * Decodes from {@code src} to {@code dst}, both native memory, until the input is used up, the
   * output is full, or a frame ends; {@link #consumed} and {@link #produced} say how far it came.
   * Goes on with the next frame when called again. The two ranges must not overlap.
   *
   * <p>Whoever loops: go on while input is left, output was filled to the brim, or {@link
   * #atFrameEnd} is false and input can still be had. Input used up with output not full means that
   * nothing is held back.
   *
   * @throws CodecException if the bytes are malformed or beyond a limit; the decoder is then of no
   *     use until {@link #reset}
   */
  void decode(
      MemorySegment src,
      long srcOffset,
      int srcLength,
      MemorySegment dst,
      long dstOffset,
      int dstLength)
      throws CodecException;

  /** Input bytes used by the last {@link #decode}. */
  int consumed();

  /** Output bytes written by the last {@link #decode}. */
  int produced();

  /** Whether the input may end here: before the first frame and after each. Elsewhere it is cut. */
  boolean atFrameEnd();

  /** Native bytes held now, at most {@link Codec#maxDecoderBytes}. */
  long nativeBytes();

  /** Forgets everything, ready for the start of a frame. Keeps its memory. */
  void reset();

  /** Frees the native memory. Closing twice is harmless. */
  @Override
  void close();
}
