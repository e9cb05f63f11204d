package dev.penstock.loader;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * How one field of the samples becomes a column of the batch.
 *
 * <p>Written form, as on the command line and in the Python client: {@code jpg} or {@code
 * jpg:bytes} (any length), {@code cls:int} (a decimal number as text, or a single integer feature,
 * becomes one int64), {@code label:float} (a single float feature), {@code emb:npy} (an npy file
 * whose type and shape are taken from the first sample and then required), {@code emb:f32[16,16]}
 * (raw little-endian elements, or an npy file or feature list of exactly this shape), {@code
 * ids:ints} and {@code w:floats} (integer or float features of any length), {@code ids:u16[]} (any
 * number of raw little-endian elements, or an npy file of one dimension: tokens).
 *
 * @param name the field's name in the samples
 * @param kind what becomes of it
 * @param element the element type of tensors; of no meaning for other kinds
 * @param shape the shape of tensors without the batch dimension; empty for a scalar
 */
public record FieldSpec(String name, Kind kind, ElementType element, List<Integer> shape) {
  /** What becomes of a field. */
  public enum Kind {
    /** Its bytes, of any length. */
    BYTES,
    /** A decimal number as text, or one integer feature: one int64. */
    INT,
    /** One float feature, or a decimal number as text: one float32. */
    FLOAT,
    /** An npy file; shape and type come from the first sample. */
    NPY,
    /** Elements of a fixed shape. */
    TENSOR,
    /** Integer features of any number: a list of int64. */
    INTS,
    /** Float features of any number: a list of float32. */
    FLOATS,
    /** Elements of any number, such as tokens: raw little-endian, or a one-dimensional npy file. */
    VALUES
  }

  /** Checks and copies. */
  public FieldSpec {
    Objects.requireNonNull(kind);
    Objects.requireNonNull(element);
    shape = List.copyOf(shape);
    if (name.isEmpty() || name.startsWith("__")) {
      throw new IllegalArgumentException(
          "field name '" + name + "' is empty or reserved (names that start with __ are ours)");
    }
    long elements = 1;
    for (int size : shape) {
      elements *= size;
      if (size < 1 || elements > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "shape " + shape + " of field " + name + " is not between 1 and 2^31-1 elements");
      }
    }
  }

  /** A field delivered as bytes. */
  public static FieldSpec bytes(String name) {
    return of(name, Kind.BYTES);
  }

  /** A field of a kind that needs no shape. */
  public static FieldSpec of(String name, Kind kind) {
    return new FieldSpec(name, kind, ElementType.UINT8, List.of());
  }

  /** A field of any number of elements. */
  public static FieldSpec values(String name, ElementType element) {
    return new FieldSpec(name, Kind.VALUES, element, List.of());
  }

  /** A field of fixed shape. */
  public static FieldSpec tensor(String name, ElementType element, List<Integer> shape) {
    return new FieldSpec(name, Kind.TENSOR, element, shape);
  }

  /**
   * Reads the written form.
   *
   * @throws IllegalArgumentException saying what is wrong and what is accepted
   */
  public static FieldSpec parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      return bytes(text);
    }
    String name = text.substring(0, colon);
    String type = text.substring(colon + 1);
    return switch (type) {
      case "bytes" -> bytes(name);
      case "int" -> of(name, Kind.INT);
      case "float" -> of(name, Kind.FLOAT);
      case "npy" -> of(name, Kind.NPY);
      case "ints" -> of(name, Kind.INTS);
      case "floats" -> of(name, Kind.FLOATS);
      default -> parseTensor(text, name, type);
    };
  }

  private static FieldSpec parseTensor(String text, String name, String type) {
    int bracket = type.indexOf('[');
    if (bracket < 0 || !type.endsWith("]")) {
      throw new IllegalArgumentException(
          "field '"
              + text
              + "': type is not one of bytes, int, float, npy, ints, floats, or an element type"
              + " with a shape such as float32[3,224,224], or with [] for any number such as"
              + " u16[]");
    }
    if (type.endsWith("[]")) {
      return values(name, ElementType.parse(type.substring(0, bracket)));
    }
    List<Integer> shape = new ArrayList<>();
    for (String size : type.substring(bracket + 1, type.length() - 1).split(",", -1)) {
      try {
        shape.add(Integer.parseInt(size.strip()));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("field '" + text + "': '" + size + "' is no size", e);
      }
    }
    return tensor(name, ElementType.parse(type.substring(0, bracket)), shape);
  }

  /** Number of elements of a tensor. */
  public long elementCount() {
    long elements = 1;
    for (int size : shape) {
      elements *= size;
    }
    return elements;
  }

  /** Bytes of one tensor. */
  public long tensorBytes() {
    return elementCount() * element.bytes();
  }
}
