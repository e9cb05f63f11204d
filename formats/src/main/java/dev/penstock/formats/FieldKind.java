package dev.penstock.formats;

/** What a field of a sample holds. */
public enum FieldKind {
  /** Bytes: a tar member, a raw record, or a {@code BytesList}. */
  BYTES,
  /** Signed 64-bit integers: an {@code Int64List}. */
  INT64_LIST,
  /** IEEE 754 single-precision numbers: a {@code FloatList}. */
  FLOAT_LIST
}
