package dev.penstock.formats;

/**
 * How a shard is stored.
 *
 * @param codec how it is compressed
 * @param level the codec's level; 0 for its default (gzip 6, zstd 3, lz4 fast)
 * @param frameBytes decoded bytes after which the next sample starts a frame of its own, so that a
 *     decoder can enter there; 0 for one frame
 */
public record WriterOptions(Codec codec, int level, long frameBytes) {
  /** Checks the ranges. */
  public WriterOptions {
    if (level < 0 || level > 22) {
      throw new IllegalArgumentException("level must be 0 to 22, was " + level);
    }
    if (frameBytes < 0) {
      throw new IllegalArgumentException("frameBytes must not be negative, was " + frameBytes);
    }
  }

  /** Not compressed. */
  public static WriterOptions plain() {
    return new WriterOptions(Codec.NONE, 0, 0);
  }

  /** One frame of {@code codec} at its default level. */
  public static WriterOptions compressed(Codec codec) {
    return new WriterOptions(codec, 0, 0);
  }

  /** The same, in frames of about {@code bytes} decoded bytes. */
  public WriterOptions withFrameBytes(long bytes) {
    return new WriterOptions(codec, level, bytes);
  }
}
