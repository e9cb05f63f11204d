package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * TFRecord: {@code length (8 bytes) | masked CRC32C of it (4) | data | masked CRC32C of it (4)},
 * little-endian. The data is a {@code tf.train.Example}, or, by choice, one opaque field.
 *
 * <p>Framing: TensorFlow, {@code tensorflow/core/lib/io/record_writer.h}.
 */
public final class TfRecordFormat implements RecordFormat {
  /** The name of the only field of a raw record. */
  public static final String RAW_FIELD = "record";

  static final TfRecordFormat EXAMPLE = new TfRecordFormat(RecordKind.TFRECORD_EXAMPLE);
  static final TfRecordFormat RAW = new TfRecordFormat(RecordKind.TFRECORD_RAW);

  static final int HEADER_BYTES = 12;
  static final int TRAILER_BYTES = 4;

  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG_LE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** What a rotated CRC is moved by: {@code kMaskDelta} in TensorFlow's {@code crc32c.h}. */
  private static final int MASK_DELTA = 0xa282ead8;

  private final RecordKind kind;

  private TfRecordFormat(RecordKind kind) {
    this.kind = kind;
  }

  /** Records are {@code tf.train.Example} messages. */
  public static TfRecordFormat example() {
    return EXAMPLE;
  }

  /** Records are opaque: samples with the one field {@link #RAW_FIELD}. */
  public static TfRecordFormat raw() {
    return RAW;
  }

  @Override
  public RecordKind kind() {
    return kind;
  }

  @Override
  public boolean placesKnown() {
    return kind == RecordKind.TFRECORD_RAW;
  }

  @Override
  public RecordScanner scan(ByteSource source, long offset) {
    return new TfRecordScanner(source, placesKnown(), offset);
  }

  @Override
  public SampleParser parser(FieldNames names) {
    return new TfRecordParser(names, placesKnown());
  }

  /** TensorFlow's masking, which keeps a CRC from being part of what a CRC is taken of. */
  static int mask(int crc) {
    return Integer.rotateRight(crc, 15) + MASK_DELTA;
  }

  /** The masked CRC32C of eight bytes of a length. */
  static int lengthCrc(CRC32C crc, long length) {
    crc.reset();
    for (int i = 0; i < 8; i++) {
      crc.update((int) (length >>> (8 * i)) & 0xFF);
    }
    return mask((int) crc.getValue());
  }

  /** Whether a length and its CRC stand here. */
  static boolean looksLikeHeader(MemorySegment head, long at) {
    return lengthCrc(new CRC32C(), head.get(LONG_LE, at)) == head.get(INT_LE, at + 8);
  }

  @Override
  public String toString() {
    return kind == RecordKind.TFRECORD_RAW ? "tfrecord (raw)" : "tfrecord (tf.train.Example)";
  }
}
