package dev.penstock.formats;

import org.jspecify.annotations.Nullable;

/** Protobuf tags, {@code number << 3 | wire type}, of the messages that an Example is made of. */
final class Wire {
  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int LENGTH = 2;
  static final int FIXED32 = 5;

  static final int VARINT_1 = 1 << 3 | VARINT;
  static final int FIXED32_1 = 1 << 3 | FIXED32;
  static final int MESSAGE_1 = 1 << 3 | LENGTH;
  static final int MESSAGE_2 = 2 << 3 | LENGTH;
  static final int MESSAGE_3 = 3 << 3 | LENGTH;

  private Wire() {}

  /** The kind that a field of {@code Feature} with this tag has, or null if it is another field. */
  static @Nullable FieldKind kindOf(long tag) {
    if (tag == MESSAGE_1) {
      return FieldKind.BYTES;
    }
    if (tag == MESSAGE_2) {
      return FieldKind.FLOAT_LIST;
    }
    return tag == MESSAGE_3 ? FieldKind.INT64_LIST : null;
  }
}
