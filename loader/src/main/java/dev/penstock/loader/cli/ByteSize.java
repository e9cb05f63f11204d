package dev.penstock.loader.cli;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;

/**
 * A number of bytes as people write it: {@code 2GiB}, {@code 512MiB}, {@code 100KB}, {@code 1.5
 * GiB}, {@code 4096}. Units with an i are powers of 1024, the others powers of 1000, as everywhere
 * in this project.
 *
 * @param bytes the number, 0 or more
 */
public record ByteSize(long bytes) {
  private static final Pattern FORM =
      Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(|B|[KMGT]B|[KMGT]iB)", Pattern.CASE_INSENSITIVE);
  private static final List<String> BINARY_UNITS = List.of("bytes", "KiB", "MiB", "GiB", "TiB");

  /** Checks the range. */
  public ByteSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("size is negative: " + bytes);
    }
  }

  /**
   * Reads a written size.
   *
   * @throws IllegalArgumentException saying what is accepted
   */
  public static ByteSize parse(String text) {
    Matcher match = FORM.matcher(text.strip());
    if (!match.matches()) {
      throw new IllegalArgumentException(
          "value is not a size (%s); write bytes, or a number with KiB, MiB, GiB, TiB or KB, MB, GB, TB"
              .formatted(text));
    }
    String unit = match.group(2).toUpperCase(Locale.ROOT);
    long base = unit.endsWith("IB") ? 1024 : 1000;
    int power = unit.isEmpty() || unit.equals("B") ? 0 : 1 + "KMGT".indexOf(unit.charAt(0));
    try {
      return new ByteSize(
          new BigDecimal(match.group(1))
              .multiply(BigDecimal.valueOf(base).pow(power))
              .setScale(0, RoundingMode.DOWN)
              .longValueExact());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("value is too large (" + text + ") to be a size", e);
    }
  }

  /** The size as {@link #parse} takes it, in the largest binary unit with three digits or so. */
  @Override
  public String toString() {
    int power = 0;
    double value = bytes;
    while (value >= 1024 && power < BINARY_UNITS.size() - 1) {
      value /= 1024;
      power++;
    }
    if (power == 0) {
      return bytes + " bytes";
    }
    boolean whole = value == Math.rint(value) || value >= 100;
    return String.format(Locale.ROOT, whole ? "%.0f%s" : "%.1f%s", value, BINARY_UNITS.get(power));
  }

  /** Reads sizes for the command line. */
  static final class Converter implements ITypeConverter<ByteSize> {
    @Override
    public ByteSize convert(String value) {
      return parse(value);
    }
  }
}
