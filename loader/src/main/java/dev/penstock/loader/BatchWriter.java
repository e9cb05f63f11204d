package dev.penstock.loader;

import dev.penstock.formats.ByteRun;
import dev.penstock.loader.BatchSchema.Column;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * Lays one batch after the other out in slots: an Arrow IPC record batch, 64-byte aligned, behind
 * the slot's header ({@link SlotLayout}). Columns get their places from measured capacities; rows
 * are then written one by one, each committed or rolled back as a whole, so that a bad sample
 * leaves no trace. One thread at a time; allocates nothing per row.
 */
final class BatchWriter {
  private final Ring ring;
  private final List<Column> columns;
  private final MetadataTemplate template;
  private final int cursorBytes;
  private final long messageStart;

  // Per column: places as offsets from the body's start, capacities and what is used of them.
  private final long[] validityAt;
  private final long[] offsetsAt;
  private final long[] dataAt;
  private final long[] capacity;
  private final long[] used;
  private final long[] committed;
  private final boolean[] present;
  private final long[] nulls;

  private Slot slot = new Slot(MemorySegment.NULL, 0, 0, -1);
  private long body;
  private long bodyEnd;
  private int maxRows;
  private int rows;

  /**
   * Writes into slots of {@code ring}.
   *
   * @param cursorBytes room that is kept for the cursor's JSON
   */
  BatchWriter(BatchSchema schema, Ring ring, int cursorBytes) {
    this.ring = ring;
    this.columns = schema.columns();
    this.template = MetadataTemplate.of(schema);
    this.cursorBytes = cursorBytes;
    this.messageStart = messageStart(schema, cursorBytes);
    int count = columns.size();
    validityAt = new long[count];
    offsetsAt = new long[count];
    dataAt = new long[count];
    capacity = new long[count];
    used = new long[count];
    committed = new long[count];
    present = new boolean[count];
    nulls = new long[count];
  }

  private static long messageStart(BatchSchema schema, int cursorBytes) {
    return SlotLayout.align(
        SlotLayout.BUFFER_TABLE + SlotLayout.BUFFER_ENTRY * schema.bufferCount() + cursorBytes);
  }

  /** The slot size that holds {@code rows} rows whose variable-size data sum up to {@code data}. */
  static long slotBytes(BatchSchema schema, int rows, long data, int cursorBytes) {
    long bytes = messageStart(schema, cursorBytes) + MetadataTemplate.of(schema).byteSize();
    for (Column column : schema.columns()) {
      bytes += SlotLayout.align(validityBytes(rows)) + SlotLayout.align(offsetBytes(column, rows));
      bytes += SlotLayout.ALIGNMENT;
      bytes +=
          switch (column.form()) {
            case BINARY, LIST -> 0;
            case PRIMITIVE, TENSOR -> column.valueBytes() * rows;
          };
    }
    return SlotLayout.align(bytes + data);
  }

  private static long validityBytes(int rows) {
    return (rows + 7L) / 8;
  }

  private static long offsetBytes(Column column, int rows) {
    return switch (column.form()) {
      case BINARY, LIST -> 4L * (rows + 1);
      case PRIMITIVE, TENSOR -> 0;
    };
  }

  /**
   * Starts a batch of at most {@code maxRows} rows in a claimed slot; {@code dataBytes} has the
   * measured bytes of each column's data.
   */
  void start(Slot claimed, int maxRows, long[] dataBytes) {
    this.maxRows = maxRows;
    rows = 0;
    long at = 0;
    for (int c = 0; c < columns.size(); c++) {
      Column column = columns.get(c);
      checkOffsets(column, dataBytes[c]);
      validityAt[c] = at;
      at += SlotLayout.align(validityBytes(maxRows));
      offsetsAt[c] = at;
      at += SlotLayout.align(offsetBytes(column, maxRows));
      dataAt[c] = at;
      capacity[c] = SlotLayout.align(dataBytes[c]);
      at += capacity[c];
      used[c] = 0;
      committed[c] = 0;
      nulls[c] = 0;
    }
    bodyEnd = at;
    long bodyStart = messageStart + template.byteSize();
    slot = ring.ensure(claimed, bodyStart + at);
    body = slot.offset() + bodyStart;
    for (int c = 0; c < columns.size(); c++) {
      slot.memory()
          .asSlice(body + validityAt[c], SlotLayout.align(validityBytes(maxRows)))
          .fill((byte) 0);
      if (offsetBytes(columns.get(c), maxRows) > 0) {
        SlotLayout.writeInt(slot.memory(), body + offsetsAt[c], 0);
      }
    }
  }

  private void checkOffsets(Column column, long bytes) {
    long elements =
        column.form() == BatchSchema.Form.LIST ? bytes / column.element().bytes() : bytes;
    if (elements > Integer.MAX_VALUE && offsetBytes(column, 1) > 0) {
      throw new IllegalArgumentException(
          "column %s of one batch of %d rows has %d bytes, more than its 32-bit offsets can hold; use a smaller batch"
              .formatted(column.name(), maxRows, bytes));
    }
  }

  /** Starts a row: every column is null until something is put into it. */
  void beginRow() {
    Arrays.fill(present, false);
  }

  /** Copies bytes of a leased run: the one copy between stored bytes and slot. */
  void put(int column, ByteRun run, long position, long length) {
    long at = reserve(column, length); // may replace the slot's memory
    run.copyTo(position, slot.memory(), at, length);
  }

  /** Copies bytes of a segment. */
  void put(int column, MemorySegment source, long position, long length) {
    long at = reserve(column, length);
    MemorySegment.copy(source, position, slot.memory(), at, length);
  }

  /** Puts one byte. */
  void putByte(int column, byte value) {
    long at = reserve(column, 1);
    slot.memory().set(ValueLayout.JAVA_BYTE, at, value);
  }

  /** Puts one 32-bit integer. */
  void putInt(int column, int value) {
    long at = reserve(column, Integer.BYTES);
    SlotLayout.writeInt(slot.memory(), at, value);
  }

  /** Puts one 64-bit integer. */
  void putLong(int column, long value) {
    long at = reserve(column, Long.BYTES);
    SlotLayout.writeLong(slot.memory(), at, value);
  }

  /** Puts one 32-bit float. */
  void putFloat(int column, float value) {
    long at = reserve(column, Float.BYTES);
    SlotLayout.writeInt(slot.memory(), at, Float.floatToRawIntBits(value));
  }

  /**
   * Room for {@code length} bytes of the column; the caller then writes them at the returned offset
   * of {@link #memory}, which this may have replaced.
   */
  long reserve(int column, long length) {
    makeRoom(column, length);
    long at = body + dataAt[column] + used[column];
    used[column] += length;
    present[column] = true;
    return at;
  }

  /**
   * Sees to it that the column's next {@code length} bytes can be reserved without anything being
   * moved: for a caller that keeps several reserved places before it writes to them.
   */
  void makeRoom(int column, long length) {
    if (used[column] + length > capacity[column]) {
      grow(column, length);
    }
  }

  MemorySegment memory() {
    return slot.memory();
  }

  /** Makes room in one column by moving those behind it: only a replacement sample needs it. */
  private void grow(int column, long length) {
    long extra = SlotLayout.align(used[column] + length - capacity[column]);
    checkOffsets(columns.get(column), capacity[column] + extra);
    long bodyStart = messageStart + template.byteSize();
    Slot larger = ring.ensure(slot, bodyStart + bodyEnd + extra);
    slot = larger;
    body = slot.offset() + bodyStart;
    long from = dataAt[column] + capacity[column];
    MemorySegment.copy(
        slot.memory(), body + from, slot.memory(), body + from + extra, bodyEnd - from);
    capacity[column] += extra;
    for (int c = column + 1; c < columns.size(); c++) {
      validityAt[c] += extra;
      offsetsAt[c] += extra;
      dataAt[c] += extra;
    }
    bodyEnd += extra;
  }

  /** Keeps the row. */
  void commitRow() {
    for (int c = 0; c < columns.size(); c++) {
      Column column = columns.get(c);
      if (present[c]) {
        long at = body + validityAt[c] + rows / 8;
        byte bits = slot.memory().get(ValueLayout.JAVA_BYTE, at);
        slot.memory().set(ValueLayout.JAVA_BYTE, at, (byte) (bits | 1 << rows % 8));
      } else {
        nulls[c]++;
        putNull(c, column);
      }
      if (offsetBytes(column, 1) > 0) {
        long end =
            column.form() == BatchSchema.Form.LIST ? used[c] / column.element().bytes() : used[c];
        SlotLayout.writeInt(slot.memory(), body + offsetsAt[c] + 4L * (rows + 1), (int) end);
      }
      committed[c] = used[c];
    }
    rows++;
  }

  private void putNull(int c, Column column) {
    switch (column.form()) {
      case BINARY, LIST -> {}
      case PRIMITIVE, TENSOR -> {
        long bytes = column.valueBytes();
        long at = reserve(c, bytes);
        slot.memory().asSlice(at, bytes).fill((byte) 0);
      }
    }
  }

  /** Forgets what the row has put so far. */
  void rollbackRow() {
    System.arraycopy(committed, 0, used, 0, used.length);
  }

  /** Rows kept so far. */
  int rows() {
    return rows;
  }

  /** Payload bytes of the columns so far. */
  long payloadBytes() {
    long bytes = 0;
    for (long column : committed) {
      bytes += column;
    }
    return bytes;
  }

  /** Writes header, buffer table, cursor and metadata; the slot is then ready to be published. */
  Slot finish(long sequence, long step, long epoch, int badSamples, byte[] cursor) {
    MemorySegment memory = slot.memory();
    long message = slot.offset() + messageStart;
    template.copyTo(memory, message);
    template.patchRows(memory, message, rows);
    template.patchBodyBytes(memory, message, bodyEnd);
    long table = slot.offset() + SlotLayout.BUFFER_TABLE;
    for (int c = 0; c < columns.size(); c++) {
      finishColumn(c, memory, message, table);
    }
    if (cursor.length > cursorBytes) {
      throw new IllegalStateException(
          "cursor of %d bytes, at most %d have room".formatted(cursor.length, cursorBytes));
    }
    long cursorAt = SlotLayout.BUFFER_TABLE + SlotLayout.BUFFER_ENTRY * template.bufferCount();
    writeHeader(slot, sequence, step, epoch, 0, cursorAt, cursor);
    long at = slot.offset();
    SlotLayout.writeInt(memory, at + SlotLayout.ROWS, rows);
    SlotLayout.writeLong(memory, at + SlotLayout.MESSAGE_OFFSET, messageStart);
    SlotLayout.writeLong(memory, at + SlotLayout.MESSAGE_BYTES, template.byteSize() + bodyEnd);
    SlotLayout.writeLong(memory, at + SlotLayout.BODY_OFFSET, messageStart + template.byteSize());
    SlotLayout.writeLong(memory, at + SlotLayout.BODY_BYTES, bodyEnd);
    SlotLayout.writeInt(memory, at + SlotLayout.BUFFER_COUNT, template.bufferCount());
    SlotLayout.writeInt(memory, at + SlotLayout.BAD_SAMPLES, badSamples);
    return slot;
  }

  private void finishColumn(int c, MemorySegment memory, long message, long table) {
    Column column = columns.get(c);
    int buffer = column.buffer();
    buffer(memory, message, table, buffer, validityAt[c], nulls[c] == 0 ? 0 : validityBytes(rows));
    template.patchNode(memory, message, column.node(), rows, nulls[c]);
    long elements = used[c] / column.element().bytes();
    switch (column.form()) {
      case BINARY -> {
        buffer(memory, message, table, buffer + 1, offsetsAt[c], 4L * (rows + 1));
        buffer(memory, message, table, buffer + 2, dataAt[c], used[c]);
      }
      case PRIMITIVE -> buffer(memory, message, table, buffer + 1, dataAt[c], used[c]);
      case TENSOR -> {
        template.patchNode(memory, message, column.node() + 1, elements, 0);
        buffer(memory, message, table, buffer + 1, dataAt[c], 0);
        buffer(memory, message, table, buffer + 2, dataAt[c], used[c]);
      }
      case LIST -> {
        template.patchNode(memory, message, column.node() + 1, elements, 0);
        buffer(memory, message, table, buffer + 1, offsetsAt[c], 4L * (rows + 1));
        buffer(memory, message, table, buffer + 2, dataAt[c], 0);
        buffer(memory, message, table, buffer + 3, dataAt[c], used[c]);
      }
    }
  }

  private void buffer(
      MemorySegment memory, long message, long table, int buffer, long at, long length) {
    template.patchBuffer(memory, message, buffer, at, length);
    long entry = table + SlotLayout.BUFFER_ENTRY * buffer;
    SlotLayout.writeLong(memory, entry, at);
    SlotLayout.writeLong(memory, entry + 8, length);
  }

  /** Writes the header of an empty slot that says that the run has ended. */
  static void writeEnd(Slot slot, long sequence, long step, long epoch, byte[] cursor) {
    writeHeader(slot, sequence, step, epoch, SlotLayout.FLAG_END, SlotLayout.BUFFER_TABLE, cursor);
  }

  private static void writeHeader(
      Slot slot, long sequence, long step, long epoch, int flags, long cursorAt, byte[] cursor) {
    MemorySegment memory = slot.memory();
    long at = slot.offset();
    memory.asSlice(at, SlotLayout.BUFFER_TABLE).fill((byte) 0);
    SlotLayout.writeLong(memory, at + SlotLayout.SEQUENCE, sequence);
    SlotLayout.writeLong(memory, at + SlotLayout.STEP, step);
    SlotLayout.writeLong(memory, at + SlotLayout.EPOCH, epoch);
    SlotLayout.writeInt(memory, at + SlotLayout.FLAGS, flags);
    SlotLayout.writeInt(memory, at + SlotLayout.CURSOR_OFFSET, (int) cursorAt);
    SlotLayout.writeInt(memory, at + SlotLayout.CURSOR_BYTES, cursor.length);
    MemorySegment.copy(MemorySegment.ofArray(cursor), 0, memory, at + cursorAt, cursor.length);
  }
}
