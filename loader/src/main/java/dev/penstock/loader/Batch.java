package dev.penstock.loader;

import dev.penstock.loader.BatchSchema.Column;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.Position;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * One batch in its slot. Views are valid until {@link #close}, which gives the slot back for
 * another batch; the consumer owns the batch and closes it exactly once. Reading is thread-safe,
 * closing is the owner's.
 */
public final class Batch implements AutoCloseable {
  private final BatchSchema schema;
  private final Map<String, Integer> columnNumbers;
  private final Slot slot;
  private final Runnable release;
  private final MemorySegment body;
  private boolean closed;

  Batch(BatchSchema schema, Map<String, Integer> columnNumbers, Slot slot, Runnable release) {
    this.schema = schema;
    this.columnNumbers = columnNumbers;
    this.slot = slot;
    this.release = release;
    long bodyOffset = slot.offset() + SlotLayout.readLong(slot, SlotLayout.BODY_OFFSET);
    this.body =
        slot.memory()
            .asSlice(bodyOffset, SlotLayout.readLong(slot, SlotLayout.BODY_BYTES))
            .asReadOnly();
  }

  /** Number of rows; fewer than the batch size if bad samples were left out. */
  public int rows() {
    return SlotLayout.readInt(slot, SlotLayout.ROWS);
  }

  /** Number of the step since the run's first start. */
  public long step() {
    return SlotLayout.readLong(slot, SlotLayout.STEP);
  }

  /** Epoch in which the batch's step begins: the same for every rank. */
  public long epoch() {
    return SlotLayout.readLong(slot, SlotLayout.EPOCH);
  }

  /** Samples that were left out of this batch or replaced in it. */
  public int badSamples() {
    return SlotLayout.readInt(slot, SlotLayout.BAD_SAMPLES);
  }

  /**
   * Where a run goes on after this batch; save it with the checkpoint of the step.
   *
   * @throws IllegalStateException in the order of arrival, where {@link #position} says it
   */
  public Cursor cursor() {
    if (position() instanceof Cursor cursor) {
      return cursor;
    }
    throw new IllegalStateException("in the order of arrival, a batch has no plan's cursor");
  }

  /** Where a run goes on after this batch, in whichever kind of order. */
  public Position position() {
    long at = slot.offset() + SlotLayout.readInt(slot, SlotLayout.CURSOR_OFFSET);
    byte[] json = new byte[SlotLayout.readInt(slot, SlotLayout.CURSOR_BYTES)];
    MemorySegment.copy(slot.memory(), at, MemorySegment.ofArray(json), 0, json.length);
    return CursorJson.position(json);
  }

  /** The columns. */
  public BatchSchema schema() {
    return schema;
  }

  /** Names of the fields, without key and flags. */
  public List<String> fieldNames() {
    return schema.fields().stream().map(FieldSpec::name).toList();
  }

  /** The sample's key, decoded as UTF-8. */
  public String key(int row) {
    MemorySegment bytes = bytes(BatchSchema.KEY, row);
    return new String(bytes.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
  }

  /** {@link BatchSchema#ROW_PADDING} and {@link BatchSchema#ROW_REPLACEMENT}, or 0. */
  public byte flags(int row) {
    return value(BatchSchema.FLAGS, row).get(ValueLayout.JAVA_BYTE, 0);
  }

  /** The number of the source of a mixture that the row is of; 0 for one dataset. */
  public int source(int row) {
    return schema.hasSource() ? value(BatchSchema.SOURCE, row).get(SlotLayout.INT, 0) : 0;
  }

  /** The pack of this batch that the row is laid into, from 0; 0 unless the order packs. */
  public int pack(int row) {
    return schema.hasPack() ? value(BatchSchema.PACK, row).get(SlotLayout.INT, 0) : 0;
  }

  /**
   * The number of the row's first token in its sample: 0 unless samples longer than a pack are
   * split and this is not a first piece.
   */
  public int start(int row) {
    return schema.hasStart() ? value(BatchSchema.START, row).get(SlotLayout.INT, 0) : 0;
  }

  /**
   * The packs of this batch: {@code cu_seqlens}, and on request arrays of fixed shape with position
   * and document ids. For a loader with {@code first-fit} or {@code best-fit} {@link Batching}.
   *
   * @param field whose tokens are packed, or another that is declared with any number of elements
   * @throws IllegalArgumentException if the batch has no packs, or the field no lists of numbers
   */
  public Packs packs(String field) {
    Column column = column(field);
    if (!schema.hasPack()) {
      throw new IllegalArgumentException(
          "this batch is not packed; ask for it with batching first-fit:FIELD:TOKENS or"
              + " best-fit:FIELD:TOKENS");
    }
    if (column.form() != BatchSchema.Form.LIST) {
      throw new IllegalArgumentException(
          "field '%s' has no lists of numbers; declare it as %s:u16[], or of another type"
              .formatted(field, field));
    }
    long bounds = bufferOffset(column.buffer() + 1);
    return new Packs(
        column.element(),
        rowPacks(),
        body.asSlice(bounds, 4L * (rows() + 1)),
        values(field),
        this::ensureOpen);
  }

  /** The pack of each row. */
  private int[] rowPacks() {
    int[] packs = new int[rows()];
    for (int row = 0; row < packs.length; row++) {
      packs[row] = pack(row);
    }
    return packs;
  }

  /** Whether the row's sample lacks the field. */
  public boolean isNull(String field, int row) {
    Column column = column(field);
    long length = bufferBytes(column.buffer());
    if (length == 0) {
      return false;
    }
    checkRow(row);
    byte bits = body.get(ValueLayout.JAVA_BYTE, bufferOffset(column.buffer()) + row / 8);
    return ((bits >> (row % 8)) & 1) == 0;
  }

  /** A read-only view of the bytes of a field that is delivered as bytes; empty if it is null. */
  public MemorySegment bytes(String field, int row) {
    Column column = column(field);
    requireForm(column, BatchSchema.Form.BINARY);
    return listView(column, row, 1, column.buffer() + 2);
  }

  /**
   * A read-only view of one row of a column: the bytes of a {@code bytes} field, the elements of a
   * tensor, number or list, little-endian.
   */
  public MemorySegment value(String field, int row) {
    Column column = column(field);
    checkRow(row);
    return switch (column.form()) {
      case BINARY -> listView(column, row, 1, column.buffer() + 2);
      case LIST -> listView(column, row, column.element().bytes(), column.buffer() + 3);
      case PRIMITIVE -> fixedView(column, row, column.buffer() + 1);
      case TENSOR -> fixedView(column, row, column.buffer() + 2);
    };
  }

  /** One number of an {@code int} field; 0 if it is null. */
  public long longValue(String field, int row) {
    Column column = column(field);
    requireForm(column, BatchSchema.Form.PRIMITIVE);
    return value(field, row).get(SlotLayout.LONG, 0);
  }

  /** All rows of a number or tensor column as one read-only view, row after row. */
  public MemorySegment values(String field) {
    Column column = column(field);
    int buffer =
        switch (column.form()) {
          case PRIMITIVE -> column.buffer() + 1;
          case TENSOR, BINARY -> column.buffer() + 2;
          case LIST -> column.buffer() + 3;
        };
    return body.asSlice(bufferOffset(buffer), bufferBytes(buffer));
  }

  /** The batch as an Arrow IPC message (continuation, metadata, body), read-only, not copied. */
  public MemorySegment ipcMessage() {
    ensureOpen();
    return slot.memory()
        .asSlice(
            slot.offset() + SlotLayout.readLong(slot, SlotLayout.MESSAGE_OFFSET),
            SlotLayout.readLong(slot, SlotLayout.MESSAGE_BYTES))
        .asReadOnly();
  }

  /**
   * The batch as Arrow vectors over the slot's memory, not copied. The root takes the batch over:
   * closing the root closes the batch, and the batch is not closed by anyone else.
   */
  public VectorSchemaRoot toArrow(BufferAllocator allocator) {
    ensureOpen();
    return ArrowView.of(this, body, allocator);
  }

  /** Gives the slot back. The views of this batch are not to be read afterwards. */
  @Override
  public void close() {
    ensureOpen();
    closed = true;
    release.run();
  }

  private void ensureOpen() {
    if (closed) {
      throw new IllegalStateException("batch was closed already; its slot holds other data");
    }
  }

  private Column column(String field) {
    ensureOpen();
    Integer number = columnNumbers.get(field);
    if (number == null) {
      throw new IllegalArgumentException(
          "no field '" + field + "' in this batch, there are " + columnNumbers.keySet());
    }
    return schema.columns().get(number);
  }

  private void requireForm(Column column, BatchSchema.Form form) {
    if (column.form() != form) {
      throw new IllegalArgumentException(
          "field '%s' is delivered as %s, not as %s".formatted(column.name(), column.form(), form));
    }
  }

  private void checkRow(int row) {
    if (row < 0 || row >= rows()) {
      throw new IndexOutOfBoundsException("row " + row + " of " + rows());
    }
  }

  private MemorySegment listView(Column column, int row, int elementBytes, int dataBuffer) {
    checkRow(row);
    long offsets = bufferOffset(column.buffer() + 1) + 4L * row;
    long start = (long) body.get(SlotLayout.INT, offsets) * elementBytes;
    long end = (long) body.get(SlotLayout.INT, offsets + 4) * elementBytes;
    return body.asSlice(bufferOffset(dataBuffer) + start, end - start);
  }

  private MemorySegment fixedView(Column column, int row, int buffer) {
    long bytes = column.valueBytes();
    return body.asSlice(bufferOffset(buffer) + row * bytes, bytes);
  }

  long bufferOffset(int buffer) {
    return SlotLayout.readLong(slot, SlotLayout.BUFFER_TABLE + SlotLayout.BUFFER_ENTRY * buffer);
  }

  long bufferBytes(int buffer) {
    return SlotLayout.readLong(
        slot, SlotLayout.BUFFER_TABLE + SlotLayout.BUFFER_ENTRY * buffer + 8);
  }
}
