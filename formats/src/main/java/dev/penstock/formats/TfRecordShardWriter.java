package dev.penstock.formats;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;

/** Writes TFRecord: Examples put together in memory, or the bytes of a raw record as they are. */
final class TfRecordShardWriter implements ShardWriter {
  private final ShardOutput out;
  private final TfRecordFormat format;
  private final ExampleEncoder encoder = new ExampleEncoder();
  private final CRC32C crc = new CRC32C();
  private final ByteBuffer frame = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
  private long samples;

  TfRecordShardWriter(ShardOutput out, TfRecordFormat format) {
    this.out = out;
    this.format = format;
  }

  @Override
  public void write(String key, List<SampleField> fields) throws IOException {
    MemorySegment data =
        format.placesKnown() ? rawRecord(key, fields) : MemorySegment.ofArray(example(key, fields));
    out.sampleBorder();
    long length = data.byteSize();
    frame.clear().putLong(length).putInt(TfRecordFormat.lengthCrc(crc, length));
    out.write(frame.array(), 0, TfRecordFormat.HEADER_BYTES);
    out.write(data);
    crc.reset();
    crc.update(data.asByteBuffer());
    frame.clear().putInt(TfRecordFormat.mask((int) crc.getValue()));
    out.write(frame.array(), 0, TfRecordFormat.TRAILER_BYTES);
    samples++;
  }

  private static MemorySegment rawRecord(String key, List<SampleField> fields) {
    if (fields.size() == 1
        && fields.getFirst() instanceof SampleField.Bytes bytes
        && bytes.name().equals(TfRecordFormat.RAW_FIELD)
        && bytes.value().byteSize() <= Integer.MAX_VALUE) {
      return bytes.value();
    }
    throw new IllegalArgumentException(
        "sample %s: a raw record is one field of bytes named %s, less than 2 GiB"
            .formatted(key, TfRecordFormat.RAW_FIELD));
  }

  private byte[] example(String key, List<SampleField> fields) {
    Set<String> seen = new HashSet<>();
    for (SampleField field : fields) {
      if (!seen.add(field.name())) {
        throw new IllegalArgumentException(
            "sample %s has two fields named %s".formatted(key, field.name()));
      }
    }
    return encoder.encode(fields);
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
    out.close();
  }
}
