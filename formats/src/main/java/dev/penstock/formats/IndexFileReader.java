package dev.penstock.formats;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** Reads the layout of {@link IndexFile}; trusts nothing that it has not checked. */
final class IndexFileReader {
  private static final byte[] MAGIC = "PNSTKIDX".getBytes(StandardCharsets.US_ASCII);
  private static final int LEAST_BYTES = 32;

  private final Path file;
  private final ByteBuffer in;

  private IndexFileReader(Path file, byte[] bytes) {
    this.file = file;
    this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static ShardIndex read(Path file, String shardName, long shardBytes, String versionTag)
      throws IOException {
    long size = Files.size(file);
    if (size < LEAST_BYTES || size > Integer.MAX_VALUE - 8) {
      throw new MalformedIndexException(file, "it has " + size + " bytes");
    }
    IndexFileReader reader = new IndexFileReader(file, Files.readAllBytes(file));
    try {
      return reader.decode(shardName, shardBytes, versionTag);
    } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException bad) {
      MalformedIndexException malformed =
          new MalformedIndexException(file, "its parts do not fit together: " + bad.getMessage());
      malformed.initCause(bad);
      throw malformed;
    }
  }

  private ShardIndex decode(String shardName, long shardBytes, String versionTag)
      throws IOException {
    byte[] magic = new byte[MAGIC.length];
    in.get(magic);
    if (!Arrays.equals(magic, MAGIC)) {
      throw new MalformedIndexException(file, "no index magic number at its start");
    }
    int version = in.getInt();
    if (version != IndexFile.VERSION) {
      throw new StaleIndexException(
          file, "layout version %d, this program reads %d".formatted(version, IndexFile.VERSION));
    }
    checkCrc();
    RecordKind kind = kind(in.get());
    Codec codec = codec(in.get());
    int damageBytes = in.getShort();
    checkShard(in.getLong(), bytes(in.getInt()), shardBytes, versionTag);
    String damage = new String(bytes(damageBytes), StandardCharsets.UTF_8);
    long decodedBytes = in.getLong();
    long frameStoredBytes = in.getLong();
    FrameTable frames = frames(column(), column(), frameStoredBytes, decodedBytes);
    FieldNames names = names();
    PackedLongs[] all = new PackedLongs[IndexColumns.COUNT];
    for (int i = 0; i < all.length; i++) {
      all[i] = column();
    }
    if (in.hasRemaining()) {
      throw new IllegalArgumentException(in.remaining() + " bytes too many");
    }
    IndexColumns columns = new IndexColumns(all, decodedBytes);
    columns.check(names.count());
    if (!damage.isEmpty() && columns.sampleOffsets.count() == 0) {
      throw new IllegalArgumentException("damage without a sample");
    }
    return new ShardIndex(columns, kind, codec, frames, names, damage, shardName);
  }

  private void checkCrc() throws MalformedIndexException {
    int end = in.limit() - Integer.BYTES;
    CRC32C crc = new CRC32C();
    crc.update(in.array(), 0, end);
    int stored = in.getInt(end);
    if ((int) crc.getValue() != stored) {
      throw new MalformedIndexException(
          file, "CRC32C is %08x, it says %08x".formatted((int) crc.getValue(), stored));
    }
    in.limit(end);
  }

  private void checkShard(long bytes, byte[] tag, long shardBytes, String versionTag)
      throws StaleIndexException {
    if (bytes != shardBytes) {
      throw new StaleIndexException(
          file, "made for a shard of %d bytes, it now has %d".formatted(bytes, shardBytes));
    }
    String made = new String(tag, StandardCharsets.UTF_8);
    if (!made.equals(versionTag)) {
      throw new StaleIndexException(
          file, "made for version %s of the shard, it is now %s".formatted(made, versionTag));
    }
  }

  private static RecordKind kind(byte code) {
    for (RecordKind kind : RecordKind.values()) {
      if (kind.code == code) {
        return kind;
      }
    }
    throw new IllegalArgumentException("record kind " + code);
  }

  private static Codec codec(byte code) {
    for (Codec codec : Codec.values()) {
      if (codec.code == code) {
        return codec;
      }
    }
    throw new IllegalArgumentException("codec " + code);
  }

  private byte[] bytes(int length) {
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException(length + " bytes of " + in.remaining());
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  private PackedLongs column() {
    int count = in.getInt();
    int width = in.get();
    boolean known = width == 0 || width == 1 || width == 2 || width == 4 || width == 8;
    if (count < 0 || !known || (long) count * width > in.remaining()) {
      throw new IllegalArgumentException("column of %d times %d bytes".formatted(count, width));
    }
    PackedLongs column = new PackedLongs(in.array(), in.position(), width, count);
    in.position(in.position() + count * width);
    return column;
  }

  private static FrameTable frames(
      PackedLongs stored, PackedLongs decoded, long storedBytes, long decodedBytes) {
    if (stored.count() != decoded.count()) {
      throw new IllegalArgumentException("frame columns of different length");
    }
    FrameTable.Builder builder = FrameTable.builder();
    for (int i = 0; i < stored.count(); i++) {
      builder.add(stored.get(i), decoded.get(i));
    }
    return builder.build(storedBytes, decodedBytes);
  }

  private FieldNames names() {
    int count = in.getInt();
    if (count < 0 || count > FieldNames.MAX_NAMES) {
      throw new IllegalArgumentException(count + " names");
    }
    FieldNames names = new FieldNames();
    for (int id = 0; id < count; id++) {
      byte[] name = bytes(in.getInt());
      if (names.intern(name, 0, name.length) != id) {
        throw new IllegalArgumentException("a name stands twice");
      }
    }
    return names;
  }
}
