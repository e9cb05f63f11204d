package dev.penstock.formats;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The digest that stands for an index in a dataset's fingerprint. */
final class IndexDigest {
  private IndexDigest() {}

  /**
   * SHA-256 over: record kind (its code, 1 byte), decoded length (8), number of names (4), each
   * name (length 4, bytes), then each column (count 4, width 1, bytes), then the reason for damage
   * (UTF-8); little-endian.
   */
  static byte[] of(ShardIndex index) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
    ByteBuffer small = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    small.put((byte) index.kind.code);
    small.putLong(index.columns.decodedBytes);
    int names = index.placesKnown() ? index.names.count() : 0;
    small.putInt(names);
    digest.update(small.flip());
    for (int id = 0; id < names; id++) {
      byte[] name = index.names.bytes(id);
      digest.update(small.clear().putInt(name.length).flip());
      digest.update(name);
    }
    for (PackedLongs column : index.columns.all()) {
      digest.update(small.clear().putInt(column.count()).put((byte) column.width()).flip());
      digest.update(column.bytes(), column.start(), column.byteCount());
    }
    // A shard that breaks is not the shard that ends with an empty sample there.
    digest.update(index.damage().getBytes(StandardCharsets.UTF_8));
    return digest.digest();
  }
}
