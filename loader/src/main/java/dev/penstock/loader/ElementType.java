package dev.penstock.loader;

import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;

/** Element types of tensors and of raw numbers, with numpy's names and sizes. */
public enum ElementType {
  /** One byte, 0 or 1. */
  BOOL("bool", "b1", 1),
  /** Unsigned byte. */
  UINT8("uint8", "u1", 1),
  /** Signed byte. */
  INT8("int8", "i1", 1),
  /** Two bytes, unsigned, little-endian. */
  UINT16("uint16", "u2", 2),
  /** Two bytes, signed, little-endian. */
  INT16("int16", "i2", 2),
  /** Four bytes, unsigned, little-endian. */
  UINT32("uint32", "u4", 4),
  /** Four bytes, signed, little-endian. */
  INT32("int32", "i4", 4),
  /** Eight bytes, unsigned, little-endian. */
  UINT64("uint64", "u8", 8),
  /** Eight bytes, signed, little-endian. */
  INT64("int64", "i8", 8),
  /** IEEE half precision, little-endian. */
  FLOAT16("float16", "f2", 2),
  /** IEEE single precision, little-endian. */
  FLOAT32("float32", "f4", 4),
  /** IEEE double precision, little-endian. */
  FLOAT64("float64", "f8", 8);

  private final String numpyName;
  private final String npyCode;
  private final int bytes;

  ElementType(String numpyName, String npyCode, int bytes) {
    this.numpyName = numpyName;
    this.npyCode = npyCode;
    this.bytes = bytes;
  }

  /** numpy's name, such as {@code float32}. */
  public String numpyName() {
    return numpyName;
  }

  /** Size of one element in bytes. */
  public int bytes() {
    return bytes;
  }

  /**
   * The type of a name such as {@code float32} or {@code f32}, or of an npy code such as {@code
   * f4}.
   *
   * @throws IllegalArgumentException if there is none, listing those there are
   */
  public static ElementType parse(String name) {
    StringBuilder known = new StringBuilder();
    for (ElementType type : values()) {
      String bits = type.npyCode.charAt(0) + Integer.toString(type.bytes * 8);
      if (type.numpyName.equals(name) || type.npyCode.equals(name) || bits.equals(name)) {
        return type;
      }
      known.append(known.isEmpty() ? "" : ", ").append(type.numpyName);
    }
    throw new IllegalArgumentException("element type '" + name + "' is not one of " + known);
  }

  ArrowType arrowType() {
    return switch (this) {
      case BOOL, UINT8 -> new ArrowType.Int(8, false);
      case INT8 -> new ArrowType.Int(8, true);
      case UINT16 -> new ArrowType.Int(16, false);
      case INT16 -> new ArrowType.Int(16, true);
      case UINT32 -> new ArrowType.Int(32, false);
      case INT32 -> new ArrowType.Int(32, true);
      case UINT64 -> new ArrowType.Int(64, false);
      case INT64 -> new ArrowType.Int(64, true);
      case FLOAT16 -> new ArrowType.FloatingPoint(FloatingPointPrecision.HALF);
      case FLOAT32 -> new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE);
      case FLOAT64 -> new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
    };
  }
}
