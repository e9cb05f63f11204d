package dev.penstock.loader;

import dev.penstock.formats.ByteRun;
import dev.penstock.formats.SampleView;
import dev.penstock.loader.BatchSchema.Column;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Puts the fields of one parsed sample into the columns of a row, converting where a field is
 * declared to be more than bytes. One thread at a time.
 */
final class RowFiller {
  private static final int MAX_NUMBER_BYTES = 64;

  private final List<FieldSpec> fields;
  private final int firstField;
  private final List<Column> columns;
  private final BatchWriter writer;
  private final byte[] text = new byte[MAX_NUMBER_BYTES];
  private final PieceRule pieces;

  /** The first token of its sample that the row has. */
  private int start;

  RowFiller(BatchSchema schema, BatchWriter writer, PieceRule pieces) {
    this.pieces = pieces;
    this.fields = schema.fields();
    this.firstField = schema.firstField();
    this.columns = schema.columns();
    this.writer = writer;
  }

  /**
   * Fills the row that the writer has begun; fields that no column asks for, and those that were
   * read in place, are passed over.
   *
   * @param firstToken of its sample that the row has
   * @throws FieldFormatException if a field is not what its declaration says
   */
  void fill(FieldMap map, SampleView sample, ByteRun run, InPlaceRead inPlace, int firstToken)
      throws FieldFormatException {
    int found = 0;
    start = firstToken;
    for (int i = 0; i < sample.fieldCount(); i++) {
      int column = map.column(sample.fieldNameId(i));
      if (column >= 0) {
        try {
          if (inPlace.holds(column, sample.position(i), sample.length(i))) {
            found++;
          } else {
            put(column, sample, i, run);
          }
        } catch (FieldFormatException e) {
          throw new FieldFormatException(
              "field " + columns.get(column).name() + ": " + e.getMessage());
        }
      }
    }
    inPlace.requireFound(found);
  }

  private void put(int column, SampleView sample, int i, ByteRun run) throws FieldFormatException {
    FieldSpec field = fields.get(column - firstField);
    switch (field.kind()) {
      case BYTES -> putBytes(column, sample, i, run);
      case INT -> putInt(column, sample, i, run);
      case FLOAT -> putFloat(column, sample, i, run);
      case TENSOR -> putTensor(column, field, sample, i, run);
      case INTS -> putInts(column, sample, i, run);
      case FLOATS -> putFloats(column, sample, i, run);
      case VALUES -> putValues(column, field, sample, i, run);
      case NPY -> throw new IllegalStateException("npy shape of " + field.name() + " is open");
    }
  }

  private void putBytes(int column, SampleView sample, int i, ByteRun run)
      throws FieldFormatException {
    requireBytes(sample, i);
    writer.put(column, run, sample.position(i), sample.length(i));
  }

  private static void requireBytes(SampleView sample, int i) throws FieldFormatException {
    switch (sample.kind(i)) {
      case BYTES -> {
        if (sample.valueCount(i) != 1) {
          throw new FieldFormatException(
              "a bytes feature of " + sample.valueCount(i) + " values, only 1 can be delivered");
        }
      }
      case INT64_LIST ->
          throw new FieldFormatException("holds integers; declare it as ints, int or a tensor");
      case FLOAT_LIST ->
          throw new FieldFormatException("holds floats; declare it as floats, float or a tensor");
    }
  }

  private static void requireCount(SampleView sample, int i, long count)
      throws FieldFormatException {
    if (sample.valueCount(i) != count) {
      throw new FieldFormatException(
          "has " + sample.valueCount(i) + " values where " + count + " are declared");
    }
  }

  private void putInt(int column, SampleView sample, int i, ByteRun run)
      throws FieldFormatException {
    switch (sample.kind(i)) {
      case INT64_LIST -> {
        requireCount(sample, i, 1);
        long at = writer.reserve(column, Long.BYTES);
        sample.copyInt64(i, run, writer.memory(), at);
      }
      case BYTES -> writer.putLong(column, parseLong(sample, i, run));
      case FLOAT_LIST -> throw new FieldFormatException("holds floats, not an integer");
    }
  }

  private void putFloat(int column, SampleView sample, int i, ByteRun run)
      throws FieldFormatException {
    switch (sample.kind(i)) {
      case FLOAT_LIST -> {
        requireCount(sample, i, 1);
        long at = writer.reserve(column, Float.BYTES);
        sample.copyFloat(i, run, writer.memory(), at);
      }
      case BYTES -> {
        String number = number(sample, i, run);
        try {
          writer.putFloat(column, Float.parseFloat(number));
        } catch (NumberFormatException e) {
          throw new FieldFormatException("'" + number + "' is no decimal number");
        }
      }
      case INT64_LIST -> throw new FieldFormatException("holds integers, not a float");
    }
  }

  private void putInts(int column, SampleView sample, int i, ByteRun run)
      throws FieldFormatException {
    if (sample.kind(i) != dev.penstock.formats.FieldKind.INT64_LIST) {
      throw new FieldFormatException("holds " + sample.kind(i) + ", not integers");
    }
    long at = writer.reserve(column, (long) Long.BYTES * sample.valueCount(i));
    sample.copyInt64(i, run, writer.memory(), at);
  }

  private void putFloats(int column, SampleView sample, int i, ByteRun run)
      throws FieldFormatException {
    if (sample.kind(i) != dev.penstock.formats.FieldKind.FLOAT_LIST) {
      throw new FieldFormatException("holds " + sample.kind(i) + ", not floats");
    }
    long at = writer.reserve(column, (long) Float.BYTES * sample.valueCount(i));
    sample.copyFloat(i, run, writer.memory(), at);
  }

  private void putValues(int column, FieldSpec field, SampleView sample, int i, ByteRun run)
      throws FieldFormatException {
    switch (sample.kind(i)) {
      case BYTES -> putValueBytes(column, field, sample, i, run);
      case INT64_LIST -> {
        requireElement(field, ElementType.INT64, "integers");
        putInts(column, sample, i, run);
      }
      case FLOAT_LIST -> {
        requireElement(field, ElementType.FLOAT32, "floats");
        putFloats(column, sample, i, run);
      }
    }
  }

  private void putValueBytes(int column, FieldSpec field, SampleView sample, int i, ByteRun run)
      throws FieldFormatException {
    requireBytes(sample, i);
    long position = sample.position(i);
    long length = sample.length(i);
    if (NpyHeader.hasMagic(run, position, length)) {
      NpyHeader header = NpyHeader.parse(run, position, length);
      if (header.element() != field.element() || header.shape().size() != 1) {
        throw new FieldFormatException(
            "npy of %s%s where %s[] is declared"
                .formatted(
                    header.element().numpyName(), header.shape(), field.element().numpyName()));
      }
      position += header.dataOffset();
      length -= header.dataOffset();
    }
    if (length % field.element().bytes() != 0) {
      throw new FieldFormatException(
          "%d bytes are no whole number of %s".formatted(length, field.element().numpyName()));
    }
    int element = field.element().bytes();
    long from = Math.min(length, (long) start * element);
    writer.put(column, run, position + from, pieces.length(length, from, element));
  }

  private void putTensor(int column, FieldSpec field, SampleView sample, int i, ByteRun run)
      throws FieldFormatException {
    switch (sample.kind(i)) {
      case BYTES -> putTensorBytes(column, field, sample, i, run);
      case INT64_LIST -> {
        requireElement(field, ElementType.INT64, "integers");
        requireCount(sample, i, field.elementCount());
        long at = writer.reserve(column, field.tensorBytes());
        sample.copyInt64(i, run, writer.memory(), at);
      }
      case FLOAT_LIST -> {
        requireElement(field, ElementType.FLOAT32, "floats");
        requireCount(sample, i, field.elementCount());
        long at = writer.reserve(column, field.tensorBytes());
        sample.copyFloat(i, run, writer.memory(), at);
      }
    }
  }

  private static void requireElement(FieldSpec field, ElementType element, String what)
      throws FieldFormatException {
    if (field.element() != element) {
      throw new FieldFormatException(
          "holds "
              + what
              + ", which are "
              + element.numpyName()
              + ", not "
              + field.element().numpyName());
    }
  }

  private void putTensorBytes(int column, FieldSpec field, SampleView sample, int i, ByteRun run)
      throws FieldFormatException {
    requireBytes(sample, i);
    long position = sample.position(i);
    long length = sample.length(i);
    if (NpyHeader.hasMagic(run, position, length)) {
      NpyHeader header = NpyHeader.parse(run, position, length);
      if (header.element() != field.element() || !header.shape().equals(field.shape())) {
        throw new FieldFormatException(
            "npy of %s%s where %s%s is declared"
                .formatted(
                    header.element().numpyName(),
                    header.shape(),
                    field.element().numpyName(),
                    field.shape()));
      }
      position += header.dataOffset();
      length -= header.dataOffset();
    }
    if (length != field.tensorBytes()) {
      throw new FieldFormatException(
          "%d bytes where %s%s takes %d"
              .formatted(length, field.element().numpyName(), field.shape(), field.tensorBytes()));
    }
    writer.put(column, run, position, length);
  }

  private long parseLong(SampleView sample, int i, ByteRun run) throws FieldFormatException {
    String number = number(sample, i, run);
    try {
      return Long.parseLong(number);
    } catch (NumberFormatException e) {
      throw new FieldFormatException("'" + number + "' is no decimal integer of 64 bits");
    }
  }

  private String number(SampleView sample, int i, ByteRun run) throws FieldFormatException {
    requireBytes(sample, i);
    long length = sample.length(i);
    if (length > MAX_NUMBER_BYTES) {
      throw new FieldFormatException(length + " bytes are no number");
    }
    run.copyTo(sample.position(i), MemorySegment.ofArray(text), 0, length);
    return new String(text, 0, (int) length, StandardCharsets.ISO_8859_1).strip();
  }
}
