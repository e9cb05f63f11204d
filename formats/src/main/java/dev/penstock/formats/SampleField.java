package dev.penstock.formats;

import java.lang.foreign.MemorySegment;

/**
 * A named value to be written. Numbers are for {@code tf.train.Example} only; tar and raw records
 * hold bytes.
 */
public sealed interface SampleField {
  /** The field's name. */
  String name();

  /** Bytes, read when the sample is written. */
  record Bytes(String name, MemorySegment value) implements SampleField {}

  /** Integers, written as a packed {@code Int64List}. */
  @SuppressWarnings("ArrayRecordComponent")
  record Ints(String name, long[] values) implements SampleField {}

  /** Numbers, written as a packed {@code FloatList}. */
  @SuppressWarnings("ArrayRecordComponent")
  record Floats(String name, float[] values) implements SampleField {}

  /** A field of the bytes of {@code value}. */
  static SampleField of(String name, MemorySegment value) {
    return new Bytes(name, value);
  }

  /** A field of {@code value}, which is not copied. */
  static SampleField of(String name, byte[] value) {
    return new Bytes(name, MemorySegment.ofArray(value));
  }

  /** A field of integers. */
  static SampleField ofInts(String name, long... values) {
    return new Ints(name, values);
  }

  /** A field of single-precision numbers. */
  static SampleField ofFloats(String name, float... values) {
    return new Floats(name, values);
  }
}
