package dev.penstock.formats;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** Hops from header to header. The data's CRC is left to the parser, which has the data. */
final class TfRecordScanner implements RecordScanner {
  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG_LE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final SourceWindow window;
  private final boolean raw;
  private final FieldNames names = new FieldNames();
  private final CRC32C crc = new CRC32C();
  private long sampleOffset;
  private long position;

  TfRecordScanner(ByteSource source, boolean raw, long offset) {
    window = new SourceWindow(source);
    position = offset;
    this.raw = raw;
    if (raw) {
      names.intern(TfRecordFormat.RAW_FIELD);
    }
  }

  @Override
  public boolean next() throws IOException {
    sampleOffset = position;
    int got = window.load(position, TfRecordFormat.HEADER_BYTES);
    if (got == 0) {
      return false;
    }
    if (got < TfRecordFormat.HEADER_BYTES) {
      throw malformed(
          "the file ends inside a record's header: %d of %d bytes"
              .formatted(got, TfRecordFormat.HEADER_BYTES));
    }
    long length = window.segment.get(LONG_LE, window.base);
    if (TfRecordFormat.lengthCrc(crc, length) != window.segment.get(INT_LE, window.base + 8)) {
      throw malformed("CRC32C of a record's length is wrong");
    }
    long end = position + TfRecordFormat.HEADER_BYTES + length + TfRecordFormat.TRAILER_BYTES;
    if (length < 0 || end < 0) {
      throw malformed("record of %s bytes".formatted(Long.toUnsignedString(length)));
    }
    if (!window.exists(end - 1)) {
      throw malformed(
          "the file is cut: a record of %d bytes reaches to byte %d, beyond its end"
              .formatted(length, end));
    }
    position = end;
    return true;
  }

  private MalformedRecordException malformed(String reason) {
    return new MalformedRecordException(window.name(), position, reason);
  }

  @Override
  public long sampleOffset() {
    return sampleOffset;
  }

  @Override
  public long sampleBytes() {
    return position - sampleOffset;
  }

  @Override
  public int keyBytes() {
    return 0;
  }

  @Override
  public void keyTo(MemorySegment target, long targetOffset) {}

  @Override
  public int fieldCount() {
    return raw ? 1 : 0;
  }

  @Override
  public int fieldNameId(int field) {
    return 0;
  }

  @Override
  public long fieldOffset(int field) {
    return sampleOffset + TfRecordFormat.HEADER_BYTES;
  }

  @Override
  public long fieldBytes(int field) {
    return sampleBytes() - TfRecordFormat.HEADER_BYTES - TfRecordFormat.TRAILER_BYTES;
  }

  @Override
  public FieldNames names() {
    return names;
  }

  @Override
  public long endOffset() {
    return position;
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public void close() {
    window.close();
  }
}
