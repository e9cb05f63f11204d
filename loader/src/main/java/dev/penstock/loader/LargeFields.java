package dev.penstock.loader;

import dev.penstock.bridge.Scatter;
import dev.penstock.formats.ShardIndex;
import java.util.Arrays;
import java.util.List;

/**
 * The fields of one sample that are worth reading straight into their columns, as its index has
 * them: delivered as bytes, and not small. Reused; one thread at a time.
 */
final class LargeFields {
  /** Shorter fields are copied: that costs less than one more entry of the vector. */
  private static final int FIELD_BYTES_MIN = 4 << 10;

  /** Shorter samples share blocks: a system call for each would cost more than the copy. */
  private static final int SAMPLE_BYTES_MIN = 16 << 10;

  /** Room for what lies between large fields; a sample that needs more is read and copied. */
  static final int BESIDE_BYTES = 64 << 10;

  private final List<FieldSpec> fields;
  private final int firstField;
  private int[] columns = new int[8];
  private long[] positions = new long[8];
  private long[] lengths = new long[8];
  private int count;

  LargeFields(BatchSchema schema) {
    this.fields = schema.fields();
    this.firstField = schema.firstField();
  }

  void clear() {
    count = 0;
  }

  /** Looks at a sample of a shard that copies; whether it is to be read in place. */
  boolean choose(ShardView shard, int ordinal) {
    clear();
    ShardIndex index = shard.index;
    long start = index.sampleOffset(ordinal);
    long left = index.sampleBytes(ordinal);
    if (left < SAMPLE_BYTES_MIN) {
      return false;
    }
    long end = 0;
    for (int field = 0; field < index.fieldCount(ordinal); field++) {
      int column = shard.columnOfName[index.fieldNameId(ordinal, field)];
      long length = index.fieldBytes(ordinal, field);
      long position = index.fieldOffset(ordinal, field) - start;
      if (column >= firstField
          && fields.get(column - firstField).kind() == FieldSpec.Kind.BYTES
          && length >= FIELD_BYTES_MIN
          && position >= end) {
        add(column, position, length);
        left -= length;
        end = position + length;
      }
    }
    return left <= BESIDE_BYTES && count < Scatter.PIECES_MAX / 2;
  }

  private void add(int column, long position, long length) {
    if (count == columns.length) {
      columns = Arrays.copyOf(columns, count * 2);
      positions = Arrays.copyOf(positions, count * 2);
      lengths = Arrays.copyOf(lengths, count * 2);
    }
    columns[count] = column;
    positions[count] = position;
    lengths[count] = length;
    count++;
  }

  int count() {
    return count;
  }

  int column(int i) {
    return columns[i];
  }

  /** Where the field starts, in bytes from the sample's start. */
  long position(int i) {
    return positions[i];
  }

  long length(int i) {
    return lengths[i];
  }
}
