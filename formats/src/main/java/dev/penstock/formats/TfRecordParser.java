package dev.penstock.formats;

import java.util.zip.CRC32C;

/** One record out of a leased run: both CRCs checked, then its fields found. */
final class TfRecordParser implements SampleParser {
  private final FieldNames names;
  private final boolean raw;
  private final CRC32C crc = new CRC32C();
  private final DirectViews views = new DirectViews();
  private final ExampleParser example;
  private final int rawNameId;

  TfRecordParser(FieldNames names, boolean raw) {
    this.names = names;
    this.raw = raw;
    example = new ExampleParser(names);
    rawNameId = raw ? names.intern(TfRecordFormat.RAW_FIELD) : -1;
  }

  @Override
  public FieldNames names() {
    return names;
  }

  @Override
  public void parse(String shard, long shardOffset, ByteRun run, SampleView out)
      throws MalformedRecordException {
    out.clear();
    long dataBytes = run.length() - TfRecordFormat.HEADER_BYTES - TfRecordFormat.TRAILER_BYTES;
    if (dataBytes < 0) {
      throw new MalformedRecordException(
          shard,
          shardOffset,
          "record of %d bytes in all, at least 16 are due".formatted(run.length()));
    }
    long length = run.longAt(0);
    if (TfRecordFormat.lengthCrc(crc, length) != run.intAt(8)) {
      throw new MalformedRecordException(
          shard, shardOffset, "CRC32C of a record's length is wrong");
    }
    if (length != dataBytes) {
      throw new MalformedRecordException(
          shard,
          shardOffset,
          "record of %d bytes where the index has one of %d".formatted(length, dataBytes));
    }
    long dataEnd = TfRecordFormat.HEADER_BYTES + dataBytes;
    int stored = run.intAt(dataEnd);
    int computed = dataCrc(run, dataEnd);
    if (computed != stored) {
      throw new MalformedRecordException(
          shard,
          shardOffset,
          "CRC32C of a record's data is %08x, the record says %08x".formatted(computed, stored));
    }
    if (raw) {
      out.add(rawNameId, FieldKind.BYTES, TfRecordFormat.HEADER_BYTES, dataBytes, 1);
    } else {
      example.parse(shard, shardOffset, run, TfRecordFormat.HEADER_BYTES, dataEnd, out);
    }
  }

  private int dataCrc(ByteRun run, long dataEnd) {
    crc.reset();
    long at = TfRecordFormat.HEADER_BYTES;
    for (int piece = 0; piece < run.pieceCount(); piece++) {
      long end = Math.min(run.pieceEnd(piece), dataEnd);
      while (at < end) {
        int part = (int) Math.min(end - at, 1 << 30);
        long offset = run.pieceOffset(piece) + at - run.pieceStart(piece);
        crc.update(views.of(run.pieceSlab(piece), offset, part));
        at += part;
      }
    }
    return TfRecordFormat.mask((int) crc.getValue());
  }
}
