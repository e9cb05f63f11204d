package dev.penstock.cache;

import com.github.luben.zstd.Zstd;
import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameTable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;

/** A shard compressed in frames of {@code frameBytes} decoded bytes, and where they begin. */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record Compressed(byte[] stored, FrameTable frames) {
  static Compressed of(byte[] plain, Codec codec, int frameBytes) throws IOException {
    if (codec == Codec.NONE) {
      return new Compressed(plain, FrameTable.single(plain.length, plain.length));
    }
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    FrameTable.Builder frames = FrameTable.builder();
    for (int at = 0; at < plain.length; at += frameBytes) {
      frames.add(stored.size(), at);
      byte[] part = Arrays.copyOfRange(plain, at, Math.min(plain.length, at + frameBytes));
      stored.write(frame(part, codec));
    }
    return new Compressed(stored.toByteArray(), frames.build(stored.size(), plain.length));
  }

  private static byte[] frame(byte[] part, Codec codec) throws IOException {
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    switch (codec) {
      case NONE -> frame.write(part);
      case GZIP -> {
        try (OutputStream out = new GZIPOutputStream(frame)) {
          out.write(part);
        }
      }
      case ZSTD -> frame.write(Zstd.compress(part, 1));
      case LZ4 -> {
        try (OutputStream out =
            new LZ4FrameOutputStream(frame, LZ4FrameOutputStream.BLOCKSIZE.SIZE_64KB)) {
          out.write(part);
        }
      }
    }
    return frame.toByteArray();
  }
}
