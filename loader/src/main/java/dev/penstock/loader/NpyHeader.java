package dev.penstock.loader;

import dev.penstock.formats.ByteRun;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The header of an npy file, as specified by numpy's format page (NEP 1): magic, version, header
 * length, then a Python dictionary literal with {@code descr}, {@code fortran_order}, {@code
 * shape}.
 *
 * @param element the element type
 * @param shape the shape; empty for a scalar
 * @param dataOffset where the elements start
 */
record NpyHeader(ElementType element, List<Integer> shape, long dataOffset) {
  private static final int MAX_HEADER_BYTES = 64 << 10;
  private static final Pattern DESCR = Pattern.compile("'descr'\\s*:\\s*'([<>|=])([a-z])(\\d+)'");
  private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([^)]*)\\)");

  static boolean hasMagic(ByteRun run, long position, long length) {
    return length >= 10
        && run.byteAt(position) == (byte) 0x93
        && run.intAt(position + 1) == ('N' | 'U' << 8 | 'M' << 16 | 'P' << 24)
        && run.byteAt(position + 5) == 'Y';
  }

  /**
   * Parses the header of the npy file at {@code position}.
   *
   * @throws FieldFormatException saying what is wrong or not accepted
   */
  static NpyHeader parse(ByteRun run, long position, long length) throws FieldFormatException {
    if (!hasMagic(run, position, length)) {
      throw new FieldFormatException("no npy file: the magic bytes are missing");
    }
    int major = run.byteAt(position + 6);
    int prefix = major == 1 ? 10 : 12;
    if (major < 1 || major > 3 || length < prefix) {
      throw new FieldFormatException("npy version " + major + " is not 1, 2 or 3");
    }
    long headerBytes =
        major == 1
            ? (run.byteAt(position + 8) & 0xFF) | (run.byteAt(position + 9) & 0xFF) << 8
            : run.intAt(position + 8) & 0xFFFF_FFFFL;
    if (headerBytes > MAX_HEADER_BYTES || prefix + headerBytes > length) {
      throw new FieldFormatException(
          "npy header of %d bytes, the field has %d and at most %d are accepted"
              .formatted(headerBytes, length, MAX_HEADER_BYTES));
    }
    byte[] text = new byte[(int) headerBytes];
    run.copyTo(position + prefix, java.lang.foreign.MemorySegment.ofArray(text), 0, text.length);
    return parseText(new String(text, StandardCharsets.ISO_8859_1), prefix + headerBytes);
  }

  private static NpyHeader parseText(String text, long dataOffset) throws FieldFormatException {
    Matcher descr = DESCR.matcher(text);
    Matcher order = ORDER.matcher(text);
    Matcher shape = SHAPE.matcher(text);
    if (!descr.find() || !order.find() || !shape.find()) {
      throw new FieldFormatException("npy header is not understood: " + text.strip());
    }
    int bytes = Integer.parseInt(descr.group(3));
    if (descr.group(1).equals(">") && bytes > 1) {
      throw new FieldFormatException("npy data is big-endian; only little-endian is accepted");
    }
    List<Integer> sizes = new ArrayList<>();
    try {
      for (String size : shape.group(1).split(",", -1)) {
        if (!size.isBlank()) {
          sizes.add(Integer.parseInt(size.strip()));
        }
      }
    } catch (NumberFormatException e) {
      throw new FieldFormatException("npy shape is not understood: (" + shape.group(1) + ")");
    }
    if (order.group(1).equals("True") && sizes.size() > 1) {
      throw new FieldFormatException("npy data is in Fortran order; only C order is accepted");
    }
    try {
      ElementType element = ElementType.parse(descr.group(2) + bytes);
      return new NpyHeader(element, List.copyOf(sizes), dataOffset);
    } catch (IllegalArgumentException e) {
      throw new FieldFormatException("npy: " + e.getMessage());
    }
  }
}
