package dev.penstock.formats;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;

/**
 * The file form of a {@link ShardIndex}, all little-endian:
 *
 * <pre>
 *    0  8  magic "PNSTKIDX"
 *    8  4  version, 1
 *   12  1  record kind (1 webdataset, 2 tf.train.Example, 3 raw TFRecord)
 *   13  1  codec (0 none, 1 gzip, 2 zstd, 3 lz4)
 *   14  2  length of the reason why the last sample is damaged; 0 if none is
 *   16  8  stored length of the shard
 *   24  4  length of the version tag, then the tag (UTF-8), then the reason (UTF-8)
 *       8  decoded length
 *       8  stored length that the frame table has, or -1
 *       2 columns: stored and decoded offsets of the frames
 *       4  number of names; of each its length (4) and bytes
 *       8 columns: sample offsets, sample lengths, field ends, field name ids,
 *         field offsets (from the sample's), field lengths, key ends, keys
 *       4  CRC32C of all bytes before it
 *   column: count (4), width in bytes (1: 0, 1, 2, 4 or 8), count * width bytes
 * </pre>
 */
final class IndexFile {
  static final int VERSION = 1;

  private static final byte[] MAGIC = "PNSTKIDX".getBytes(StandardCharsets.US_ASCII);
  private static final int FIXED_BYTES = 28;
  private static final int CRC_BYTES = 4;

  /** Longer reasons, which quote what they found, are cut. */
  private static final int MAX_DAMAGE_BYTES = 4096;

  private static final AtomicLong SERIAL = new AtomicLong();

  private IndexFile() {}

  /** Writes beside {@code file}, forces to disk, renames: a reader sees all of it or nothing. */
  static void write(ShardIndex index, Path file, long shardBytes, String versionTag)
      throws IOException {
    ByteBuffer bytes = encode(index, shardBytes, versionTag);
    Path temporary =
        file.resolveSibling(
            "%s.%d-%d.tmp"
                .formatted(
                    file.getFileName(), ProcessHandle.current().pid(), SERIAL.incrementAndGet()));
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      rename(temporary, file);
    } finally {
      Files.deleteIfExists(temporary);
    }
    Path directory = file.toAbsolutePath().getParent();
    if (directory != null) {
      try (FileChannel parent = FileChannel.open(directory, StandardOpenOption.READ)) {
        parent.force(true);
      }
    }
  }

  private static void rename(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException notAtomic) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static ByteBuffer encode(ShardIndex index, long shardBytes, String versionTag) {
    byte[] tag = versionTag.getBytes(StandardCharsets.UTF_8);
    byte[] damage = index.damage().getBytes(StandardCharsets.UTF_8);
    int damageBytes = Math.min(damage.length, MAX_DAMAGE_BYTES);
    FrameTable frames = index.frames;
    PackedLongs[] frameColumns = {frames.packedStoredOffsets(), frames.packedDecodedOffsets()};
    int names = index.names.count();
    long size = FIXED_BYTES + tag.length + damageBytes + 8L + 8 + 4 + CRC_BYTES;
    for (int id = 0; id < names; id++) {
      size += 4L + index.names.bytes(id).length;
    }
    for (PackedLongs column : frameColumns) {
      size += 5L + column.byteCount();
    }
    for (PackedLongs column : index.columns.all()) {
      size += 5L + column.byteCount();
    }
    ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(size)).order(ByteOrder.LITTLE_ENDIAN);
    out.put(MAGIC).putInt(VERSION);
    out.put((byte) index.kind.code).put((byte) index.codec.code).putShort((short) damageBytes);
    out.putLong(shardBytes).putInt(tag.length).put(tag).put(damage, 0, damageBytes);
    out.putLong(index.decodedBytes()).putLong(frames.storedBytes());
    for (PackedLongs column : frameColumns) {
      put(out, column);
    }
    out.putInt(names);
    for (int id = 0; id < names; id++) {
      byte[] name = index.names.bytes(id);
      out.putInt(name.length).put(name);
    }
    for (PackedLongs column : index.columns.all()) {
      put(out, column);
    }
    CRC32C crc = new CRC32C();
    crc.update(out.array(), 0, out.position());
    out.putInt((int) crc.getValue());
    return out.flip();
  }

  private static void put(ByteBuffer out, PackedLongs column) {
    out.putInt(column.count()).put((byte) column.width());
    out.put(column.bytes(), column.start(), column.byteCount());
  }
}
