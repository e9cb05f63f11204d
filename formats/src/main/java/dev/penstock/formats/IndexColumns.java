package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** The numbers of a {@link ShardIndex}, column by column. Immutable once built. */
final class IndexColumns {
  final PackedLongs sampleOffsets;
  final PackedLongs sampleBytes;

  /** Where each sample's fields end in the field columns. */
  final PackedLongs fieldEnds;

  final PackedLongs fieldNameIds;

  /** Relative to the sample. */
  final PackedLongs fieldOffsets;

  final PackedLongs fieldBytes;

  /** Where each sample's key ends in {@link #keys}; all zero when the format stores none. */
  final PackedLongs keyEnds;

  final PackedLongs keys;
  final long decodedBytes;
  final long maxSampleBytes;

  IndexColumns(PackedLongs[] all, long decodedBytes) {
    sampleOffsets = all[0];
    sampleBytes = all[1];
    fieldEnds = all[2];
    fieldNameIds = all[3];
    fieldOffsets = all[4];
    fieldBytes = all[5];
    keyEnds = all[6];
    keys = all[7];
    this.decodedBytes = decodedBytes;
    long largest = 0;
    for (int i = 0; i < sampleBytes.count(); i++) {
      largest = Math.max(largest, sampleBytes.get(i));
    }
    maxSampleBytes = largest;
  }

  static final int COUNT = 8;

  /** In the order of the constructor and of the file. */
  PackedLongs[] all() {
    return new PackedLongs[] {
      sampleOffsets, sampleBytes, fieldEnds, fieldNameIds, fieldOffsets, fieldBytes, keyEnds, keys
    };
  }

  /** Throws {@link IllegalArgumentException} unless every number points where it may. */
  void check(int nameCount) {
    int samples = sampleOffsets.count();
    int fields = fieldBytes.count();
    boolean keyed = keyEnds.count() > 0;
    require(
        sampleBytes.count() == samples
            && fieldEnds.count() == samples
            && (!keyed || keyEnds.count() == samples)
            && fieldNameIds.count() == fields
            && fieldOffsets.count() == fields
            && keys.width() <= 1,
        "columns of different length");
    long end = 0;
    long fieldEnd = 0;
    long keyEnd = 0;
    for (int i = 0; i < samples; i++) {
      long offset = sampleOffsets.get(i);
      long bytes = sampleBytes.get(i);
      require(offset >= end && bytes >= 0 && bytes <= decodedBytes - offset, "sample out of place");
      end = offset + bytes;
      long nextFieldEnd = fieldEnds.get(i);
      require(nextFieldEnd >= fieldEnd && nextFieldEnd <= fields, "field counts");
      for (int field = (int) fieldEnd; field < nextFieldEnd; field++) {
        long at = fieldOffsets.get(field);
        long length = fieldBytes.get(field);
        require(
            at >= 0 && length >= 0 && at <= bytes && length <= bytes - at, "field out of place");
        require(fieldNameIds.get(field) < nameCount, "field name");
      }
      fieldEnd = nextFieldEnd;
      if (keyed) {
        require(keyEnds.get(i) >= keyEnd, "keys");
        keyEnd = keyEnds.get(i);
      }
    }
    require(fieldEnd == fields && keyEnd == keys.count(), "columns of the wrong length");
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new IllegalArgumentException(what);
    }
  }

  int fieldStart(int sample) {
    return sample == 0 ? 0 : (int) fieldEnds.get(sample - 1);
  }

  int fieldEnd(int sample) {
    return (int) fieldEnds.get(sample);
  }

  int field(int sample, int field) {
    int start = fieldStart(sample);
    if (field < 0 || start + field >= fieldEnd(sample)) {
      throw new IndexOutOfBoundsException(
          "field %d of sample %d, which has %d".formatted(field, sample, fieldEnd(sample) - start));
    }
    return start + field;
  }

  boolean hasKeys() {
    return keyEnds.count() > 0;
  }

  int keyLength(int sample) {
    return (int) (keyEnds.get(sample) - keyStart(sample));
  }

  private long keyStart(int sample) {
    return sample == 0 ? 0 : keyEnds.get(sample - 1);
  }

  void keyTo(int sample, MemorySegment target, long targetOffset) {
    MemorySegment.copy(
        keys.bytes(),
        keys.start() + (int) keyStart(sample),
        target,
        ValueLayout.JAVA_BYTE,
        targetOffset,
        keyLength(sample));
  }

  long heapBytes() {
    long bytes = 0;
    for (PackedLongs column : all()) {
      bytes += column.byteCount();
    }
    return bytes;
  }

  /** Takes samples as a scanner finds them. */
  static final class Builder {
    private final GrowingLongs sampleOffsets = new GrowingLongs();
    private final GrowingLongs sampleBytes = new GrowingLongs();
    private final GrowingLongs fieldEnds = new GrowingLongs();
    private final GrowingLongs fieldNameIds = new GrowingLongs();
    private final GrowingLongs fieldOffsets = new GrowingLongs();
    private final GrowingLongs fieldBytes = new GrowingLongs();
    private final GrowingLongs keyEnds = new GrowingLongs();
    private final boolean withKeys;
    private byte[] keys = new byte[256];
    private int keysLength;
    private int fields;

    Builder(boolean withKeys) {
      this.withKeys = withKeys;
    }

    void add(RecordScanner scanner) {
      sampleOffsets.add(scanner.sampleOffset());
      sampleBytes.add(scanner.sampleBytes());
      addFields(scanner);
      addKey(scanner);
    }

    /**
     * The place of a damaged sample: where {@code scanner} stands, or, if decoded bytes are not to
     * be trusted from {@code damageOffset} on, that of the first sample that has such bytes. Nobody
     * is to read it, so it has no bytes.
     */
    void addDamaged(RecordScanner scanner, long damageOffset) {
      int kept = sampleOffsets.count();
      while (kept > 0 && sampleOffsets.get(kept - 1) + sampleBytes.get(kept - 1) > damageOffset) {
        kept--;
      }
      if (kept == sampleOffsets.count()) {
        sampleOffsets.add(scanner.sampleOffset());
        addKey(scanner);
      } else {
        sampleOffsets.truncate(kept + 1); // with its key
        keyEnds.truncate(withKeys ? kept + 1 : 0);
        keysLength = withKeys ? (int) keyEnds.get(kept) : 0;
        sampleBytes.truncate(kept);
        fieldEnds.truncate(kept);
        fields = kept == 0 ? 0 : (int) fieldEnds.get(kept - 1);
        fieldNameIds.truncate(fields);
        fieldOffsets.truncate(fields);
        fieldBytes.truncate(fields);
      }
      sampleBytes.add(0);
      fieldEnds.add(fields);
    }

    /** Where the last sample starts. */
    long lastOffset() {
      return sampleOffsets.get(sampleOffsets.count() - 1);
    }

    private void addFields(RecordScanner scanner) {
      int count = scanner.fieldCount();
      for (int field = 0; field < count; field++) {
        fieldNameIds.add(scanner.fieldNameId(field));
        fieldOffsets.add(scanner.fieldOffset(field) - scanner.sampleOffset());
        fieldBytes.add(scanner.fieldBytes(field));
      }
      fields = Math.addExact(fields, count);
      fieldEnds.add(fields);
    }

    private void addKey(RecordScanner scanner) {
      if (withKeys) {
        int end = Math.addExact(keysLength, scanner.keyBytes());
        if (end > keys.length) {
          keys = Arrays.copyOf(keys, Math.max(end, (int) Math.min(keys.length * 2L, 1 << 30)));
        }
        scanner.keyTo(MemorySegment.ofArray(keys), keysLength);
        keysLength = end;
        keyEnds.add(end);
      }
    }

    IndexColumns build(long decodedBytes) {
      return new IndexColumns(
          new PackedLongs[] {
            sampleOffsets.pack(),
            sampleBytes.pack(),
            fieldEnds.pack(),
            fieldNameIds.pack(),
            fieldOffsets.pack(),
            fieldBytes.pack(),
            keyEnds.pack(),
            new PackedLongs(Arrays.copyOf(keys, keysLength), 0, 1, keysLength)
          },
          decodedBytes);
    }
  }
}
