package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A parsed sample: its key, and where in the leased run its fields lie. Filled by a {@link
 * SampleParser}, reused for the next sample; holds no memory of the run. Not thread-safe.
 */
public final class SampleView {
  final SampleFields fields = new SampleFields();
  private FieldKind[] kinds = new FieldKind[8];
  private int[] valueCounts = new int[8];
  private byte[] key = new byte[64];
  private int keyBytes;
  private final RunReader reader = new RunReader();

  /** An empty view. */
  public SampleView() {
    clear();
  }

  void clear() {
    fields.clear();
    keyBytes = 0;
  }

  void setKey(byte[] bytes, int length) {
    if (length > key.length) {
      key = new byte[Math.max(length, key.length * 2)];
    }
    System.arraycopy(bytes, 0, key, 0, length);
    keyBytes = length;
  }

  boolean add(int nameId, FieldKind kind, long position, long length, int valueCount) {
    int field = fields.count();
    if (!fields.add(nameId, position, length)) {
      return false;
    }
    if (field == valueCounts.length) {
      kinds = Arrays.copyOf(kinds, field * 2);
      valueCounts = Arrays.copyOf(valueCounts, field * 2);
    }
    kinds[field] = kind;
    valueCounts[field] = valueCount;
    return true;
  }

  void replace(int field, FieldKind kind, long position, long length, int valueCount) {
    fields.set(field, position, length);
    kinds[field] = kind;
    valueCounts[field] = valueCount;
  }

  /** Length of the key in bytes; 0 for TFRecord, where the index supplies it. */
  public int keyBytes() {
    return keyBytes;
  }

  /** Copies the key to {@code target}. */
  public void keyTo(MemorySegment target, long targetOffset) {
    MemorySegment.copy(key, 0, target, ValueLayout.JAVA_BYTE, targetOffset, keyBytes);
  }

  /** The key as text. Allocates. */
  public String key() {
    return Names.toText(key, 0, keyBytes);
  }

  boolean keyIs(byte[] name, int length) {
    return Arrays.equals(key, 0, keyBytes, name, 0, length);
  }

  /** Number of fields. */
  public int fieldCount() {
    return fields.count();
  }

  /** The field's name in the parser's {@link FieldNames}. */
  public int fieldNameId(int field) {
    return fields.nameId(field);
  }

  /** The field whose name has this id, or -1 if the sample has none. */
  public int fieldOf(int nameId) {
    return nameId < 0 ? -1 : fields.find(nameId);
  }

  /** What the field holds. */
  public FieldKind kind(int field) {
    return kinds[field];
  }

  /**
   * Where the field starts in the run: its bytes, if it is of kind {@link FieldKind#BYTES} with one
   * value; else the encoded list.
   */
  public long position(int field) {
    return fields.offset(field);
  }

  /** Length in bytes of what lies at {@link #position}. */
  public long length(int field) {
    return fields.length(field);
  }

  /** Number of values: 1 for a tar member, the list's length for a list. */
  public int valueCount(int field) {
    return valueCounts[field];
  }

  /** Decodes the integers of an {@link FieldKind#INT64_LIST}, eight bytes each, native order. */
  public void copyInt64(int field, ByteRun run, MemorySegment target, long targetOffset) {
    require(field, FieldKind.INT64_LIST);
    reader.enter(run);
    ExampleLists.copyInt64(reader, position(field), length(field), target, targetOffset);
  }

  /** Decodes the numbers of a {@link FieldKind#FLOAT_LIST}, four bytes each, native order. */
  public void copyFloat(int field, ByteRun run, MemorySegment target, long targetOffset) {
    require(field, FieldKind.FLOAT_LIST);
    reader.enter(run);
    ExampleLists.copyFloat(reader, run, position(field), length(field), target, targetOffset);
  }

  private void require(int field, FieldKind kind) {
    if (kinds[field] != kind) {
      throw new IllegalStateException("field " + field + " is " + kinds[field] + ", not " + kind);
    }
  }
}
