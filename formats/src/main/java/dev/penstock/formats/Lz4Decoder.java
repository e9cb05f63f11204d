package dev.penstock.formats;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4SafeDecompressor;
import org.jspecify.annotations.Nullable;

/**
 * The LZ4 frame format 1.6.x: our own framing over the library's safe block decompressor.
 *
 * <p>Blocks of a <em>linked</em> frame refer to the 64 KiB decoded before them, which the library's
 * block call cannot be told about: see {@link Lz4Prelude}.
 */
final class Lz4Decoder implements FrameDecoder {
  static final int MAX_BLOCK_BYTES = 4 << 20;

  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int LEGACY_MAGIC = 0x184C2102;
  private static final int STORED_BLOCK = 0x80000000;

  /** A block this short has no match in it (its last five bytes are literals), hence no history. */
  private static final int SHORTEST_BLOCK_WITH_MATCH = 9;

  /** Room behind the output, so that the decompressor's own end rules never meet ours. */
  private static final int SLACK_BYTES = 64;

  private static final LZ4SafeDecompressor BLOCKS = Lz4Library.BLOCKS.safeDecompressor();

  private enum Stage {
    MAGIC,
    DESCRIPTOR,
    BLOCK_SIZE,
    BLOCK,
    FLUSH,
    CONTENT_CHECKSUM,
    SKIP_SIZE,
    SKIP
  }

  private final DirectViews sources = new DirectViews();
  private final DirectViews targets = new DirectViews();
  private final Xxh32 checksum = new Xxh32();
  private final Xxh32 contentChecksum = new Xxh32();
  private final byte[] small = new byte[19];
  private final MemorySegment smallSegment = MemorySegment.ofArray(small);

  private @Nullable Arena arena;
  private MemorySegment input = MemorySegment.NULL;
  private MemorySegment output = MemorySegment.NULL;
  private int blockCapacity;

  private Stage stage = Stage.MAGIC;
  private int smallBytes;
  private boolean anyFrame;
  private Lz4Header header = Lz4Header.NONE;
  private boolean linked;
  private int maxBlockBytes;
  private int blockBytes;
  private boolean storedBlock;
  private int blockHave;
  private int historyBytes;
  private long outputAt;
  private int flushed;
  private int flushBytes;
  private long frameBytes;
  private long skipLeft;
  private int consumed;
  private int produced;

  static long nativeBytes(int blockBytes) {
    return inputBytes(blockBytes) + outputBytes(blockBytes);
  }

  /** A block and its checksum, behind room for the made-up sequence. */
  private static long inputBytes(int blockBytes) {
    return Lz4Prelude.BYTES_MAX + blockBytes + 4L;
  }

  private static long outputBytes(int blockBytes) {
    return Lz4Prelude.MATCH_BYTES + Lz4Prelude.HISTORY_BYTES + blockBytes + (long) SLACK_BYTES;
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
    boolean more = true;
    while (more) {
      more =
          switch (stage) {
            case MAGIC -> gather(src, srcOffset, srcLength, 4) && magic();
            case DESCRIPTOR -> descriptor(src, srcOffset, srcLength);
            case BLOCK_SIZE -> gather(src, srcOffset, srcLength, 4) && blockSize();
            case BLOCK -> block(src, srcOffset, srcLength, dst, dstOffset, dstLength);
            case FLUSH -> flush(dst, dstOffset, dstLength);
            case CONTENT_CHECKSUM ->
                gather(src, srcOffset, srcLength, 4) && checkContent() && endFrame();
            case SKIP_SIZE -> gather(src, srcOffset, srcLength, 4) && skipSize();
            case SKIP -> skip(srcLength) && endFrame();
          };
    }
  }

  /** Collects {@code needed} bytes over any number of calls; whether they are all there. */
  private boolean gather(MemorySegment src, long srcOffset, int srcLength, int needed) {
    int part = Math.min(needed - smallBytes, srcLength - consumed);
    MemorySegment.copy(src, ValueLayout.JAVA_BYTE, srcOffset + consumed, small, smallBytes, part);
    smallBytes += part;
    consumed += part;
    return smallBytes == needed;
  }

  private void enter(Stage entered) {
    stage = entered;
    smallBytes = 0;
  }

  private boolean magic() throws CodecException {
    int magic = smallSegment.get(INT_LE, 0);
    if ((magic & Codec.SKIPPABLE_MASK) == Codec.SKIPPABLE_MAGIC) {
      enter(Stage.SKIP_SIZE);
      return true;
    }
    if (magic == LEGACY_MAGIC) {
      throw new CodecException(
          Codec.LZ4, "legacy lz4 format is not supported; write frames (without lz4 -l)");
    }
    if (magic != Codec.LZ4_MAGIC) {
      throw new CodecException(
          Codec.LZ4,
          anyFrame
              ? "bytes after a frame are no frame: %08x".formatted(magic)
              : "no lz4 magic number but %08x".formatted(magic));
    }
    enter(Stage.DESCRIPTOR);
    return true;
  }

  /** Flags, block size, optional content size and dictionary id, header checksum. */
  private boolean descriptor(MemorySegment src, long srcOffset, int srcLength)
      throws CodecException {
    if (smallBytes < 2 && !gather(src, srcOffset, srcLength, 2)) {
      return false;
    }
    int needed = Lz4Header.bytes(small[0]);
    if (!gather(src, srcOffset, srcLength, needed)) {
      return false;
    }
    header = Lz4Header.parse(smallSegment, needed);
    linked = header.linked();
    maxBlockBytes = header.maxBlockBytes();
    ensureCapacity(maxBlockBytes);
    contentChecksum.reset();
    historyBytes = 0;
    if (linked) {
      // The made-up sequence needs four bytes of history even when a first block had fewer.
      output.set(INT_LE, Lz4Prelude.MATCH_BYTES, 0);
      historyBytes = Lz4Prelude.MATCH_BYTES;
    }
    frameBytes = 0;
    enter(Stage.BLOCK_SIZE);
    return true;
  }

  private boolean blockSize() throws CodecException {
    int word = smallSegment.get(INT_LE, 0);
    if (word == 0) {
      if (header.contentSize() >= 0 && frameBytes != header.contentSize()) {
        throw new CodecException(
            Codec.LZ4,
            "frame holds %d bytes, its header says %s"
                .formatted(frameBytes, Long.toUnsignedString(header.contentSize())));
      }
      enter(Stage.CONTENT_CHECKSUM);
      return header.contentChecksum() || endFrame();
    }
    storedBlock = (word & STORED_BLOCK) != 0;
    blockBytes = word & ~STORED_BLOCK;
    if (blockBytes > maxBlockBytes) {
      throw new CodecException(
          Codec.LZ4,
          "block of %d bytes, the frame's limit is %d".formatted(blockBytes, maxBlockBytes));
    }
    blockHave = 0;
    enter(Stage.BLOCK);
    return true;
  }

  /** Collects one block, then decodes it: into the target if it surely fits, else aside. */
  private boolean block(
      MemorySegment src,
      long srcOffset,
      int srcLength,
      MemorySegment dst,
      long dstOffset,
      int dstLength)
      throws CodecException {
    int needed = blockBytes + (header.blockChecksums() ? 4 : 0);
    MemorySegment from = src;
    long fromOffset = srcOffset + consumed;
    if (blockHave == 0 && srcLength - consumed >= needed) {
      consumed += needed;
    } else {
      int part = Math.min(needed - blockHave, srcLength - consumed);
      MemorySegment.copy(src, fromOffset, input, (long) Lz4Prelude.BYTES_MAX + blockHave, part);
      consumed += part;
      blockHave += part;
      if (blockHave < needed) {
        return false;
      }
      from = input;
      fromOffset = Lz4Prelude.BYTES_MAX;
    }
    if (header.blockChecksums()) {
      checkBlock(from, fromOffset);
    }
    if (!linked && dstLength - produced >= maxBlockBytes) {
      int made = decodeBlock(from, fromOffset, dst, dstOffset + produced, maxBlockBytes);
      count(dst, dstOffset + produced, made);
      produced += made;
      enter(Stage.BLOCK_SIZE);
      return true;
    }
    decodeAside(from, fromOffset);
    return true;
  }

  /** Decodes into our own buffer behind the history and leaves the flushing to the next stage. */
  private void decodeAside(MemorySegment from, long fromOffset) throws CodecException {
    boolean withHistory =
        linked && frameBytes > 0 && !storedBlock && blockBytes >= SHORTEST_BLOCK_WITH_MATCH;
    if (withHistory) {
      int total = decodeWithHistory(from, fromOffset);
      outputAt = Lz4Prelude.MATCH_BYTES + (long) historyBytes;
      flushBytes = total - Lz4Prelude.MATCH_BYTES - historyBytes;
    } else {
      outputAt = Lz4Prelude.MATCH_BYTES + (long) historyBytes;
      flushBytes = decodeBlock(from, fromOffset, output, outputAt, maxBlockBytes);
    }
    count(output, outputAt, flushBytes);
    flushed = 0;
    enter(Stage.FLUSH);
  }

  private int decodeWithHistory(MemorySegment from, long fromOffset) throws CodecException {
    if (blockHave == 0) {
      MemorySegment.copy(from, fromOffset, input, Lz4Prelude.BYTES_MAX, blockBytes);
    }
    int preludeBytes = Lz4Prelude.write(output, Lz4Prelude.MATCH_BYTES, historyBytes, input);
    return decompress(
        input,
        (long) Lz4Prelude.BYTES_MAX - preludeBytes,
        preludeBytes + blockBytes,
        output,
        0,
        Lz4Prelude.MATCH_BYTES + historyBytes + maxBlockBytes);
  }

  private int decodeBlock(
      MemorySegment from, long fromOffset, MemorySegment to, long toOffset, int capacity)
      throws CodecException {
    if (storedBlock) {
      MemorySegment.copy(from, fromOffset, to, toOffset, blockBytes);
      return blockBytes;
    }
    return decompress(from, fromOffset, blockBytes, to, toOffset, capacity);
  }

  private int decompress(
      MemorySegment from,
      long fromOffset,
      int fromLength,
      MemorySegment to,
      long toOffset,
      int capacity)
      throws CodecException {
    var source = sources.of(from, fromOffset, fromLength);
    var target = targets.of(to, toOffset, capacity);
    try {
      return BLOCKS.decompress(
          source, source.position(), fromLength, target, target.position(), capacity);
    } catch (LZ4Exception malformed) {
      throw new CodecException(Codec.LZ4, "corrupt block: " + malformed.getMessage());
    }
  }

  private void checkBlock(MemorySegment from, long fromOffset) throws CodecException {
    checksum.reset();
    checksum.update(from, fromOffset, blockBytes);
    int stored = from.get(INT_LE, fromOffset + blockBytes);
    if (checksum.value() != stored) {
      throw new CodecException(
          Codec.LZ4,
          "block checksum is %08x, the frame says %08x".formatted(checksum.value(), stored));
    }
  }

  private void count(MemorySegment from, long fromOffset, int bytes) {
    frameBytes += bytes;
    if (header.contentChecksum()) {
      contentChecksum.update(from, fromOffset, bytes);
    }
  }

  private boolean flush(MemorySegment dst, long dstOffset, int dstLength) {
    int part = Math.min(flushBytes - flushed, dstLength - produced);
    MemorySegment.copy(output, outputAt + flushed, dst, dstOffset + produced, part);
    flushed += part;
    produced += part;
    if (flushed < flushBytes) {
      return false;
    }
    keepHistory();
    enter(Stage.BLOCK_SIZE);
    return true;
  }

  /** Moves the last {@link Lz4Prelude#HISTORY_BYTES} to the front of the output buffer. */
  private void keepHistory() {
    if (!linked) {
      return;
    }
    long end = outputAt + flushBytes;
    int kept = (int) Math.min(Lz4Prelude.HISTORY_BYTES, end - Lz4Prelude.MATCH_BYTES);
    MemorySegment.copy(output, end - kept, output, Lz4Prelude.MATCH_BYTES, kept);
    historyBytes = kept;
  }

  private boolean checkContent() throws CodecException {
    int stored = smallSegment.get(INT_LE, 0);
    if (contentChecksum.value() != stored) {
      throw new CodecException(
          Codec.LZ4,
          "content checksum is %08x, the frame says %08x"
              .formatted(contentChecksum.value(), stored));
    }
    return true;
  }

  private boolean skipSize() {
    skipLeft = smallSegment.get(INT_LE, 0) & 0xFFFFFFFFL;
    enter(Stage.SKIP);
    return true;
  }

  private boolean skip(int srcLength) {
    int part = (int) Math.min(skipLeft, srcLength - consumed);
    consumed += part;
    skipLeft -= part;
    return skipLeft == 0;
  }

  /** Always false: {@link #decode} returns at the end of a frame. */
  private boolean endFrame() {
    anyFrame = true;
    enter(Stage.MAGIC);
    return false;
  }

  private void ensureCapacity(int blockBytesNeeded) {
    if (blockCapacity >= blockBytesNeeded) {
      return;
    }
    close();
    Arena opened = Arena.ofShared();
    arena = opened;
    input = opened.allocate(inputBytes(blockBytesNeeded), 64);
    output = opened.allocate(outputBytes(blockBytesNeeded), 64);
    blockCapacity = blockBytesNeeded;
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
    return stage == Stage.MAGIC && smallBytes == 0;
  }

  @Override
  public long nativeBytes() {
    return arena == null ? 0 : nativeBytes(blockCapacity);
  }

  @Override
  public void reset() {
    enter(Stage.MAGIC);
    anyFrame = false;
  }

  @Override
  public void close() {
    Arena open = arena;
    if (open != null) {
      arena = null;
      blockCapacity = 0;
      input = MemorySegment.NULL;
      output = MemorySegment.NULL;
      sources.clear();
      targets.clear();
      open.close();
    }
  }
}
