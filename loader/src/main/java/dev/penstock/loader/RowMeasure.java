package dev.penstock.loader;

import dev.penstock.formats.FieldKind;
import dev.penstock.formats.SampleView;
import dev.penstock.formats.ShardIndex;
import dev.penstock.loader.BatchSchema.Column;
import java.util.Arrays;
import java.util.List;

/** Sums up how many bytes of data each column of a batch will have. One thread at a time. */
final class RowMeasure {
  private final List<Column> columns;
  private final long[] bytes;
  private final PieceRule pieces;

  RowMeasure(BatchSchema schema, PieceRule pieces) {
    this.pieces = pieces;
    this.columns = schema.columns();
    this.bytes = new long[columns.size()];
  }

  /** The sums by column. */
  long[] bytes() {
    return bytes;
  }

  void clear() {
    Arrays.fill(bytes, 0);
  }

  /** Measures a batch from the indexes alone, before any of its bytes is there. */
  void fromIndexes(BatchWork work) {
    clear();
    for (int row = 0; row < work.rows; row++) {
      ShardView shard = work.shards[row];
      ShardIndex index = shard.index;
      int ordinal = work.ordinals[row];
      addFixed(index.keyBytes(ordinal));
      for (int field = 0; field < index.fieldCount(ordinal); field++) {
        int column = shard.columnOfName[index.fieldNameId(ordinal, field)];
        if (column >= 0 && isAnyLength(column)) {
          bytes[column] += length(column, index.fieldBytes(ordinal, field));
        }
      }
    }
  }

  private long length(int column, long fieldBytes) {
    Column one = columns.get(column);
    return one.form() == BatchSchema.Form.LIST
        ? pieces.length(fieldBytes, 0, one.element().bytes())
        : fieldBytes;
  }

  private boolean isAnyLength(int column) {
    return switch (columns.get(column).form()) {
      case BINARY, LIST -> true;
      case PRIMITIVE, TENSOR -> false;
    };
  }

  /** Adds a parsed row. */
  void add(FieldMap map, ShardView shard, int ordinal, SampleView view) {
    addFixed(shard.index.keyBytes(ordinal));
    for (int field = 0; field < view.fieldCount(); field++) {
      int column = map.column(view.fieldNameId(field));
      if (column < 0) {
        continue;
      }
      switch (columns.get(column).form()) {
        case BINARY -> bytes[column] += view.length(field);
        case LIST -> {
          bytes[column] +=
              view.kind(field) == FieldKind.BYTES
                  ? view.length(field)
                  : (long) view.valueCount(field) * columns.get(column).element().bytes();
        }
        case PRIMITIVE, TENSOR -> {}
      }
    }
  }

  private void addFixed(int keyBytes) {
    bytes[0] += keyBytes;
    for (int column = 1; column < bytes.length; column++) {
      switch (columns.get(column).form()) {
        case PRIMITIVE, TENSOR -> bytes[column] += columns.get(column).valueBytes();
        case BINARY, LIST -> {}
      }
    }
  }
}
