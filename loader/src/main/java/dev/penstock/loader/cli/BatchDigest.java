package dev.penstock.loader.cli;

import dev.penstock.loader.Batch;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * One SHA-256 over everything delivered, in order. For each row: the key, then for each field that
 * the sample has, sorted by name, the field's name and its bytes; each of these preceded by its
 * length as eight bytes, little-endian.
 */
final class BatchDigest {
  private final MessageDigest digest = sha256();
  private final ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);

  void add(Batch batch) {
    List<String> fields = batch.fieldNames().stream().sorted().toList();
    for (int row = 0; row < batch.rows(); row++) {
      addText(batch.key(row));
      for (String field : fields) {
        if (!batch.isNull(field, row)) {
          addText(field);
          MemorySegment bytes = batch.value(field, row);
          addLength(bytes.byteSize());
          digest.update(bytes.asByteBuffer());
        }
      }
    }
  }

  /** The digest in hexadecimal; call once. */
  String finish() {
    return HexFormat.of().formatHex(digest.digest());
  }

  private void addText(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    addLength(bytes.length);
    digest.update(bytes);
  }

  private void addLength(long bytes) {
    digest.update(length.clear().putLong(bytes).array());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java machine has SHA-256", e);
    }
  }
}
