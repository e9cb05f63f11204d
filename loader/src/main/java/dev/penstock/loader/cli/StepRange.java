package dev.penstock.loader.cli;

import picocli.CommandLine.ITypeConverter;

/**
 * Steps as the command line names them: {@code 1200}, or {@code 1200..1203} without the last.
 *
 * @param first from 0
 * @param end behind the last, above {@code first}
 */
record StepRange(long first, long end) {
  long count() {
    return end - first;
  }

  /** Reads the written form. */
  static final class Converter implements ITypeConverter<StepRange> {
    @Override
    public StepRange convert(String value) {
      int dots = value.indexOf("..");
      try {
        long first = Long.parseLong(dots < 0 ? value : value.substring(0, dots));
        long end = dots < 0 ? Math.addExact(first, 1) : Long.parseLong(value.substring(dots + 2));
        if (first >= 0 && end > first) {
          return new StepRange(first, end);
        }
      } catch (NumberFormatException | ArithmeticException _) {
        // Neither form: as below.
      }
      throw new IllegalArgumentException(
          "'%s' names no step; write a number from 0, or FROM..TO, of which TO is not one"
              .formatted(value));
    }
  }
}
