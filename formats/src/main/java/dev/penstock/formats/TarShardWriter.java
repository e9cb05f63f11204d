package dev.penstock.formats;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Writes ustar where names and sizes fit, with a pax header where they do not. Owner, mode and time
 * are constants, so that equal samples make equal archives.
 */
final class TarShardWriter implements ShardWriter {
  /** GNU tar's and tarfile's: archives are whole records of 20 blocks. */
  private static final int RECORD_BYTES = 20 * TarHeader.BLOCK_BYTES;

  private static final byte[] ZEROS = new byte[TarHeader.BLOCK_BYTES];

  private final ShardOutput out;
  private final TarHeaderWriter headers = new TarHeaderWriter();
  private long samples;
  private byte[] lastKey = {};

  TarShardWriter(ShardOutput out) {
    this.out = out;
  }

  @Override
  public void write(String key, List<SampleField> fields) throws IOException {
    byte[] keyBytes = Names.toBytes(key);
    List<byte[]> names = check(key, keyBytes, fields);
    out.sampleBorder();
    for (int i = 0; i < fields.size(); i++) {
      SampleField.Bytes field = (SampleField.Bytes) fields.get(i);
      long size = field.value().byteSize();
      headers.write(out, names.get(i), size);
      out.write(field.value());
      pad(TarReader.padded(size) - size);
    }
    lastKey = keyBytes;
    samples++;
  }

  /** The members' names, once it is sure that a reader will make the same sample of them. */
  private List<byte[]> check(String key, byte[] keyBytes, List<SampleField> fields) {
    if (fields.isEmpty()) {
      throw new IllegalArgumentException(
          "sample %s has no field; a tar archive cannot hold it".formatted(key));
    }
    if (samples > 0 && Arrays.equals(keyBytes, lastKey)) {
      throw new IllegalArgumentException(
          "sample %s follows a sample of the same key; readers would join them".formatted(key));
    }
    List<byte[]> names = new ArrayList<>(fields.size());
    Set<String> seen = new HashSet<>();
    for (SampleField field : fields) {
      if (!(field instanceof SampleField.Bytes)) {
        throw new IllegalArgumentException(
            "field %s of sample %s holds numbers; a tar archive holds bytes (write .npy or text)"
                .formatted(field.name(), key));
      }
      if (!seen.add(field.name())) {
        throw new IllegalArgumentException(
            "sample %s has two fields named %s".formatted(key, field.name()));
      }
      names.add(memberName(key, keyBytes, field.name()));
    }
    return names;
  }

  private static byte[] memberName(String key, byte[] keyBytes, String field) {
    byte[] fieldBytes = Names.toBytes(field);
    byte[] name = Arrays.copyOf(keyBytes, keyBytes.length + 1 + fieldBytes.length);
    name[keyBytes.length] = '.';
    System.arraycopy(fieldBytes, 0, name, keyBytes.length + 1, fieldBytes.length);
    if (name.length > TarReader.MAX_NAME_BYTES) {
      throw new IllegalArgumentException(
          "member name of %d bytes, the limit is %d"
              .formatted(name.length, TarReader.MAX_NAME_BYTES));
    }
    boolean reads =
        SampleName.keyEnd(name, name.length) == keyBytes.length
            && !SampleName.isMeta(name, name.length)
            && !SampleName.isReserved(fieldBytes, 0, fieldBytes.length)
            && Arrays.equals(SampleName.lower(fieldBytes, 0, fieldBytes.length), fieldBytes)
            && name[name.length - 1] != '/';
    for (byte value : name) {
      reads &= value != 0;
    }
    if (!reads) {
      throw new IllegalArgumentException(
          ("sample %s, field %s: a reader would not get these names back (the key ends at the first"
               + " dot of its last part, field names are lower case, names like __this__ and zero"
               + " bytes are not data)")
              .formatted(key, field));
    }
    return name;
  }

  private void pad(long bytes) throws IOException {
    for (long left = bytes; left > 0; left -= ZEROS.length) {
      out.write(ZEROS, 0, (int) Math.min(left, ZEROS.length));
    }
  }

  @Override
  public long sampleCount() {
    return samples;
  }

  @Override
  public long decodedBytes() {
    return out.decodedBytes();
  }

  @Override
  public void close() throws IOException {
    if (!out.isClosed() && !out.hasFailed()) {
      long end = out.decodedBytes() + 2L * TarHeader.BLOCK_BYTES;
      long padded = (end + RECORD_BYTES - 1) / RECORD_BYTES * RECORD_BYTES;
      pad(padded - out.decodedBytes());
    }
    out.close();
  }
}
