package dev.penstock.formats;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FrameOutputStream;
import org.jspecify.annotations.Nullable;

/** Where a shard's decoded bytes go: through a codec, frame by frame, to a file or a stream. */
final class ShardOutput {
  private static final int BUFFER_BYTES = 256 << 10;
  private static final int ZSTD_DEFAULT_LEVEL = 3;
  private static final int LZ4_HIGH_LEVEL = 9;

  private final WriterOptions options;
  private final OutputStream stored;
  private final @Nullable FileChannel channel;
  private final @Nullable Path temporary;
  private final @Nullable Path file;
  private final byte[] staging = new byte[64 << 10];
  private OutputStream frame;
  private long frameStart;
  private long decodedBytes;
  private boolean failed;
  private boolean closed;

  private ShardOutput(
      WriterOptions options,
      OutputStream stored,
      @Nullable FileChannel channel,
      @Nullable Path temporary,
      @Nullable Path file)
      throws IOException {
    this.options = options;
    this.stored = stored;
    this.channel = channel;
    this.temporary = temporary;
    this.file = file;
    frame = openFrame();
  }

  static ShardOutput to(OutputStream out, WriterOptions options) throws IOException {
    return new ShardOutput(options, new BufferedOutputStream(out, BUFFER_BYTES), null, null, null);
  }

  static ShardOutput to(Path file, WriterOptions options) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE);
    return new ShardOutput(
        options,
        new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER_BYTES),
        channel,
        temporary,
        file);
  }

  private OutputStream openFrame() throws IOException {
    OutputStream target = new OpenStream(stored);
    return switch (options.codec()) {
      case NONE -> target;
      case GZIP -> new Gzip(target, options.level());
      case ZSTD ->
          new ZstdOutputStreamNoFinalizer(
                  target, options.level() == 0 ? ZSTD_DEFAULT_LEVEL : options.level())
              .setChecksum(true);
      case LZ4 -> lz4(target, options.level());
    };
  }

  private static OutputStream lz4(OutputStream target, int level) throws IOException {
    LZ4Factory factory = Lz4Library.BLOCKS;
    return new LZ4FrameOutputStream(
        target,
        LZ4FrameOutputStream.BLOCKSIZE.SIZE_256KB,
        -1,
        level < LZ4_HIGH_LEVEL ? factory.fastCompressor() : factory.highCompressor(),
        Lz4Library.HASH,
        LZ4FrameOutputStream.FLG.Bits.BLOCK_INDEPENDENCE,
        LZ4FrameOutputStream.FLG.Bits.CONTENT_CHECKSUM);
  }

  /** Called between samples: ends the frame if it is long enough. */
  void sampleBorder() throws IOException {
    boolean due = options.frameBytes() > 0 && decodedBytes - frameStart >= options.frameBytes();
    if (due && options.codec() != Codec.NONE) {
      failed = true;
      frame.close();
      frame = openFrame();
      frameStart = decodedBytes;
      failed = false;
    }
  }

  void write(byte[] bytes, int from, int length) throws IOException {
    failed = true;
    frame.write(bytes, from, length);
    decodedBytes += length;
    failed = false;
  }

  void write(MemorySegment bytes) throws IOException {
    long at = 0;
    while (at < bytes.byteSize()) {
      int part = (int) Math.min(staging.length, bytes.byteSize() - at);
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, staging, 0, part);
      write(staging, 0, part);
      at += part;
    }
  }

  long decodedBytes() {
    return decodedBytes;
  }

  boolean isClosed() {
    return closed;
  }

  boolean hasFailed() {
    return failed;
  }

  void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      if (!failed) {
        frame.close();
        stored.flush();
        publish();
      }
    } finally {
      if (channel != null) {
        channel.close();
      }
      if (temporary != null) {
        Files.deleteIfExists(temporary);
      }
    }
  }

  private void publish() throws IOException {
    if (channel != null && temporary != null && file != null) {
      channel.force(true);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** The stored stream as a frame sees it: the frame's end is not its end. */
  private static final class OpenStream extends OutputStream {
    private final OutputStream target;

    private OpenStream(OutputStream target) {
      this.target = target;
    }

    @Override
    public void write(int value) throws IOException {
      target.write(value);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      target.write(bytes, from, length);
    }
  }

  private static final class Gzip extends GZIPOutputStream {
    private Gzip(OutputStream target, int level) throws IOException {
      super(target, BUFFER_BYTES);
      def.setLevel(level == 0 ? Deflater.DEFAULT_COMPRESSION : Math.min(level, 9));
    }
  }
}
