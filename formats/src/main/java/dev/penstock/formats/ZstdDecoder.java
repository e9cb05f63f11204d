package dev.penstock.formats;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/**
 * Zstandard, RFC 8878, by zstd-jni's context on direct buffers. The frame header is read here
 * first: it says how much memory the frame will take, and whether it is one we refuse, before the
 * library allocates anything.
 */
final class ZstdDecoder implements FrameDecoder {
  /** Decoding context without window buffers, measured at 95 KiB in 1.5.7, rounded up. */
  private static final long CONTEXT_BYTES = 128 << 10;

  private static final int MAX_BLOCK_BYTES = 128 << 10;
  private static final int MAX_HEADER_BYTES = 18;
  private static final int SKIPPABLE_HEADER_BYTES = 8;

  private final ZstdDecompressCtx context = new ZstdDecompressCtx();
  private final DirectViews sources = new DirectViews();
  private final DirectViews targets = new DirectViews();
  private final byte[] header = new byte[MAX_HEADER_BYTES];

  private int headerBytes;
  private boolean inBody;
  private boolean atFrameEnd = true;
  private long windowBytes;
  private int consumed;
  private int produced;
  private boolean closed;

  /** What a frame with this window makes zstd hold: context, one block in, window and block out. */
  static long nativeBytes(long windowBytes) {
    return CONTEXT_BYTES + (windowBytes == 0 ? 0 : windowBytes + 2L * MAX_BLOCK_BYTES + 64);
  }

  @Override
  public void decode(
      MemorySegment src,
      long srcOffset,
      int srcLength,
      MemorySegment dst,
      long dstOffset,
      int dstLength)
      throws CodecException {
    consumed = 0;
    produced = 0;
    while (!inBody) {
      if (consumed == srcLength) {
        return;
      }
      int part = Math.min(headerNeeded() - headerBytes, srcLength - consumed);
      MemorySegment.copy(
          src, ValueLayout.JAVA_BYTE, srcOffset + consumed, header, headerBytes, part);
      headerBytes += part;
      if (headerBytes == headerNeeded()) {
        checkHeader();
        inBody = true;
      }
      if (run(src, srcOffset, part, dst, dstOffset, dstLength)) {
        return;
      }
    }
    run(src, srcOffset, srcLength - consumed, dst, dstOffset, dstLength);
  }

  /** Feeds {@code part} more bytes; whether a frame ended. */
  private boolean run(
      MemorySegment src, long srcOffset, int part, MemorySegment dst, long dstOffset, int dstLength)
      throws CodecException {
    ByteBuffer from = sources.of(src, srcOffset + consumed, part);
    ByteBuffer to = targets.of(dst, dstOffset + produced, dstLength - produced);
    int fromStart = from.position();
    int toStart = to.position();
    boolean ended;
    try {
      ended = context.decompressDirectByteBufferStream(to, from);
    } catch (ZstdException malformed) {
      throw new CodecException(Codec.ZSTD, "corrupt frame: " + malformed.getMessage());
    }
    int used = from.position() - fromStart;
    consumed += used;
    produced += to.position() - toStart;
    if (used > 0) {
      atFrameEnd = false;
    }
    if (ended && !atFrameEnd) {
      atFrameEnd = true;
      inBody = false;
      headerBytes = 0;
      return true;
    }
    return false;
  }

  /** Bytes of header known to be needed, given those that are there. */
  private int headerNeeded() throws CodecException {
    if (headerBytes < 4) {
      return 4;
    }
    int magic = magic();
    if ((magic & Codec.SKIPPABLE_MASK) == Codec.SKIPPABLE_MAGIC) {
      return SKIPPABLE_HEADER_BYTES;
    }
    if (magic != Codec.ZSTD_MAGIC) {
      throw new CodecException(Codec.ZSTD, "no zstd magic number but %08x".formatted(magic));
    }
    if (headerBytes < 5) {
      return 5;
    }
    return 5 + (singleSegment() ? 0 : 1) + dictionaryIdBytes() + contentSizeBytes();
  }

  private int magic() {
    return (header[0] & 0xFF)
        | (header[1] & 0xFF) << 8
        | (header[2] & 0xFF) << 16
        | (header[3] & 0xFF) << 24;
  }

  private boolean singleSegment() {
    return (header[4] & 0x20) != 0;
  }

  private int dictionaryIdBytes() {
    int flag = header[4] & 3;
    return flag == 3 ? 4 : flag;
  }

  private int contentSizeBytes() {
    int flag = (header[4] >> 6) & 3;
    return flag == 0 ? (singleSegment() ? 1 : 0) : 1 << flag;
  }

  private void checkHeader() throws CodecException {
    windowBytes = 0;
    if (magic() != Codec.ZSTD_MAGIC) {
      return;
    }
    int at = 5 + (singleSegment() ? 0 : 1);
    long dictionaryId = little(at, dictionaryIdBytes());
    if (dictionaryId != 0) {
      throw new CodecException(
          Codec.ZSTD,
          "frame needs dictionary %d; shards compressed with a dictionary are not supported"
              .formatted(dictionaryId));
    }
    if (singleSegment()) {
      windowBytes = little(at + dictionaryIdBytes(), contentSizeBytes());
      if (contentSizeBytes() == 2) {
        windowBytes += 256;
      }
    } else {
      int descriptor = header[5] & 0xFF;
      long base = 1L << (10 + (descriptor >> 3));
      windowBytes = base + (base >> 3) * (descriptor & 7);
    }
    if (windowBytes < 0 || windowBytes > 1L << Codec.MAX_ZSTD_WINDOW_LOG) {
      throw new CodecException(
          Codec.ZSTD,
          "frame needs a window of %s bytes, the limit is %d (window log %d); recompress without --ultra/--long"
              .formatted(
                  Long.toUnsignedString(windowBytes),
                  1L << Codec.MAX_ZSTD_WINDOW_LOG,
                  Codec.MAX_ZSTD_WINDOW_LOG));
    }
  }

  private long little(int at, int bytes) {
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | (header[at + i] & 0xFF);
    }
    return value;
  }

  @Override
  public int consumed() {
    return consumed;
  }

  @Override
  public int produced() {
    return produced;
  }

  @Override
  public boolean atFrameEnd() {
    return atFrameEnd;
  }

  @Override
  public long nativeBytes() {
    return closed ? 0 : nativeBytes(windowBytes);
  }

  @Override
  public void reset() {
    context.reset();
    headerBytes = 0;
    inBody = false;
    atFrameEnd = true;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      context.close();
      sources.clear();
      targets.clear();
    }
  }
}
