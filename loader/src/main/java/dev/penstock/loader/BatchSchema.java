package dev.penstock.loader;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * The columns of a batch: {@code __key__} (binary), {@code __flags__} (one byte a row), for a
 * mixture {@code __source__} (int32), where rows are packed {@code __pack__} (int32), where samples
 * may be split {@code __start__} (int32), then the fields in the order they were asked for.
 * Immutable.
 */
public final class BatchSchema {
  /** Name of the column of sample keys. */
  public static final String KEY = "__key__";

  /** Name of the column of row flags. */
  public static final String FLAGS = "__flags__";

  /** Name of the column that says which source of a mixture a row is of; only mixtures have it. */
  public static final String SOURCE = "__source__";

  /** Name of the column that says which of the batch's packs a row is laid into. */
  public static final String PACK = "__pack__";

  /**
   * Name of the column that says from which token on of its sample a row is, where some are split.
   */
  public static final String START = "__start__";

  /** Row flag: repeats an earlier sample to fill the last step ({@code end = pad}). */
  public static final byte ROW_PADDING = 1;

  /** Row flag: stands in for a bad sample ({@code on-bad = replace}). */
  public static final byte ROW_REPLACEMENT = 2;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** How a column lies in memory. */
  enum Form {
    /** Validity, offsets, data. */
    BINARY(1, 3),
    /** Validity, values. */
    PRIMITIVE(1, 2),
    /** Validity, child validity, child values. */
    TENSOR(2, 3),
    /** Validity, offsets, child validity, child values. */
    LIST(2, 4);

    final int nodes;
    final int buffers;

    Form(int nodes, int buffers) {
      this.nodes = nodes;
      this.buffers = buffers;
    }
  }

  record Column(
      String name, Form form, ElementType element, List<Integer> shape, int node, int buffer) {
    /** Bytes of one value of a fixed-size column. */
    long valueBytes() {
      long bytes = element.bytes();
      for (int size : shape) {
        bytes *= size;
      }
      return bytes;
    }
  }

  private final List<FieldSpec> fields;
  private final boolean hasSource;
  private final boolean hasPack;
  private final boolean hasStart;
  private final List<Column> columns;
  private final Schema arrow;
  private final int nodeCount;
  private final int bufferCount;

  private BatchSchema(
      List<FieldSpec> fields, boolean hasSource, boolean hasPack, boolean hasStart) {
    this.fields = List.copyOf(fields);
    this.hasSource = hasSource;
    this.hasPack = hasPack;
    this.hasStart = hasStart;
    List<Column> made = new ArrayList<>();
    add(made, KEY, Form.BINARY, ElementType.UINT8, List.of());
    add(made, FLAGS, Form.PRIMITIVE, ElementType.UINT8, List.of());
    if (hasSource) {
      add(made, SOURCE, Form.PRIMITIVE, ElementType.INT32, List.of());
    }
    if (hasPack) {
      add(made, PACK, Form.PRIMITIVE, ElementType.INT32, List.of());
    }
    if (hasStart) {
      add(made, START, Form.PRIMITIVE, ElementType.INT32, List.of());
    }
    for (FieldSpec field : fields) {
      add(made, field.name(), form(field), element(field), field.shape());
    }
    this.columns = List.copyOf(made);
    Column last = made.getLast();
    this.nodeCount = last.node + last.form.nodes;
    this.bufferCount = last.buffer + last.form.buffers;
    this.arrow = new Schema(columns.stream().map(BatchSchema::arrowField).toList());
  }

  private static void add(
      List<Column> made, String name, Form form, ElementType element, List<Integer> shape) {
    Column before = made.isEmpty() ? null : made.getLast();
    int node = before == null ? 0 : before.node + before.form.nodes;
    int buffer = before == null ? 0 : before.buffer + before.form.buffers;
    made.add(new Column(name, form, element, shape, node, buffer));
  }

  /**
   * The schema for these fields.
   *
   * @throws IllegalArgumentException if two have one name, or an npy field's shape is not known yet
   */
  public static BatchSchema of(List<FieldSpec> fields) {
    return of(fields, false, false, false);
  }

  /**
   * The schema for these fields with columns that say more of each row.
   *
   * @param hasSource whether one says the source of a mixture that the row is of
   * @param hasPack whether one says the pack that the row is laid into
   * @param hasStart whether one says from which token on of its sample the row is
   */
  public static BatchSchema of(
      List<FieldSpec> fields, boolean hasSource, boolean hasPack, boolean hasStart) {
    long names = fields.stream().map(FieldSpec::name).distinct().count();
    if (names != fields.size()) {
      throw new IllegalArgumentException("a field is named twice in " + fields);
    }
    return new BatchSchema(fields, hasSource, hasPack, hasStart);
  }

  private static Form form(FieldSpec field) {
    return switch (field.kind()) {
      case BYTES -> Form.BINARY;
      case INT, FLOAT -> Form.PRIMITIVE;
      case TENSOR -> Form.TENSOR;
      case INTS, FLOATS, VALUES -> Form.LIST;
      case NPY ->
          throw new IllegalArgumentException(
              "the shape of npy field " + field.name() + " is not known");
    };
  }

  private static ElementType element(FieldSpec field) {
    return switch (field.kind()) {
      case INT, INTS -> ElementType.INT64;
      case FLOAT, FLOATS -> ElementType.FLOAT32;
      default -> field.element();
    };
  }

  private static Field arrowField(Column column) {
    ArrowType element = column.element.arrowType();
    return switch (column.form) {
      case BINARY -> Field.nullable(column.name, ArrowType.Binary.INSTANCE);
      case PRIMITIVE -> Field.nullable(column.name, element);
      case LIST ->
          new Field(
              column.name,
              FieldType.nullable(ArrowType.List.INSTANCE),
              List.of(Field.nullable("item", element)));
      case TENSOR -> tensorField(column.name, element, column.shape);
    };
  }

  /** A column whose rows all have the same shape. */
  static Field tensorField(String name, ArrowType element, List<Integer> shape) {
    long elements = 1;
    for (int size : shape) {
      elements *= size;
    }
    Map<String, String> extension =
        new TreeMap<>( // sorted: the serialized schema is the same in every process
            Map.of(
                "ARROW:extension:name",
                "arrow.fixed_shape_tensor",
                "ARROW:extension:metadata",
                "{\"shape\":" + shape + "}"));
    return new Field(
        name,
        new FieldType(
            true, new ArrowType.FixedSizeList(Math.toIntExact(elements)), null, extension),
        List.of(Field.nullable("item", element)));
  }

  /** The fields, without key and flags. */
  public List<FieldSpec> fields() {
    return fields;
  }

  /** Whether there is a column that says which source of a mixture each row is of. */
  public boolean hasSource() {
    return hasSource;
  }

  /** The number of the first field's column: ours come before. */
  int firstField() {
    return 2 + (hasSource ? 1 : 0) + (hasPack ? 1 : 0) + (hasStart ? 1 : 0);
  }

  /** The number of the column of packs. */
  int packColumn() {
    return startColumn() - 1;
  }

  /** The number of the column of starts; of the first field's, where there is none. */
  int startColumn() {
    return firstField() - (hasStart ? 1 : 0);
  }

  /** Whether there is a column that says which pack each row is laid into. */
  public boolean hasPack() {
    return hasPack;
  }

  /** Whether there is a column that says from which token on of its sample each row is. */
  public boolean hasStart() {
    return hasStart;
  }

  /** The same as an Arrow schema; tensors carry {@code arrow.fixed_shape_tensor} metadata. */
  public Schema arrow() {
    return arrow;
  }

  /**
   * JSON for other processes: {@code {"columns": [{"name", "form", "dtype", "shape"}],
   * "arrow_schema": base64 of the IPC schema message}}; {@code form} is {@code binary}, {@code
   * primitive}, {@code tensor} or {@code list}.
   */
  public ObjectNode toJson() {
    ObjectNode json = JSON.createObjectNode();
    ArrayNode list = json.putArray("columns");
    for (Column column : columns) {
      ObjectNode entry = list.addObject();
      entry.put("name", column.name);
      entry.put("form", column.form.name().toLowerCase(java.util.Locale.ROOT));
      entry.put("dtype", column.element.numpyName());
      ArrayNode shape = entry.putArray("shape");
      column.shape.forEach(shape::add);
    }
    json.put("arrow_schema", Base64.getEncoder().encodeToString(arrow.serializeAsMessage()));
    return json;
  }

  List<Column> columns() {
    return columns;
  }

  int nodeCount() {
    return nodeCount;
  }

  int bufferCount() {
    return bufferCount;
  }

  /** Field name to column number. */
  Map<String, Integer> columnNumbers() {
    Map<String, Integer> numbers = new HashMap<>();
    for (int i = 0; i < columns.size(); i++) {
      numbers.put(columns.get(i).name, i);
    }
    return numbers;
  }
}
