package dev.penstock.loader;

import dev.penstock.formats.FieldNames;
import java.util.Arrays;
import java.util.Map;

/**
 * Which column a field name's id stands for; follows a growing dictionary. One thread at a time.
 */
final class FieldMap {
  private final FieldNames names;
  private final Map<String, Integer> columnNumbers;
  private int[] columns = new int[0];

  FieldMap(FieldNames names, Map<String, Integer> columnNumbers) {
    this.names = names;
    this.columnNumbers = columnNumbers;
  }

  /** The column's number, or -1 if no column asks for the field. */
  int column(int nameId) {
    if (nameId >= columns.length) {
      int known = columns.length;
      columns = Arrays.copyOf(columns, Math.max(names.count(), nameId + 1));
      for (int id = known; id < columns.length; id++) {
        columns[id] = columnNumbers.getOrDefault(names.name(id), -1);
      }
    }
    return columns[nameId];
  }
}
