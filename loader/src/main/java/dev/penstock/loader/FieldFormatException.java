package dev.penstock.loader;

/** A field's bytes are not what its {@link FieldSpec} declares: makes its sample a bad one. */
final class FieldFormatException extends Exception {
  private static final long serialVersionUID = 1L;

  FieldFormatException(String message) {
    super(message);
  }
}
