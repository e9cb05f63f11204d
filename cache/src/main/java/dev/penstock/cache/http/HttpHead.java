package dev.penstock.cache.http;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Status line and header fields of an answer. Parsed strictly (RFC 9112): CRLF line ends, no folded
 * lines, no blanks before a colon, no length that contradicts another, so that nobody between us
 * and the server can read the connection in another way than we do.
 */
public final class HttpHead {
  /** Bytes of a head, at most; common servers allow 8 to 16 KiB. */
  static final int BYTES_MAX = 32 << 10;

  /** Fields of a head, at most. */
  static final int FIELDS_MAX = 128;

  private static final long UNKNOWN = -1;

  private record Field(String name, String value) {}

  private final int minorVersion;
  private final int status;
  private final List<Field> fields;
  private final long contentLength;
  private final boolean chunked;

  private HttpHead(int minorVersion, int status, List<Field> fields) throws HttpFormatException {
    this.minorVersion = minorVersion;
    this.status = status;
    this.fields = fields;
    this.chunked = readChunked();
    this.contentLength = readContentLength();
  }

  /**
   * Parses a head.
   *
   * @param bytes status line and fields, each line ended by CRLF, the last by an empty line
   * @param length of the head in {@code bytes}, its empty line included
   */
  static HttpHead parse(byte[] bytes, int length) throws HttpFormatException {
    String text = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
    if (!text.endsWith("\r\n\r\n")) {
      throw new HttpFormatException("the head of the answer does not end with an empty line");
    }
    String[] lines = text.substring(0, text.length() - 4).split("\r\n", -1);
    if (lines.length > FIELDS_MAX + 1) {
      throw new HttpFormatException(
          "the answer has %d header fields, at most %d are accepted"
              .formatted(lines.length - 1, FIELDS_MAX));
    }
    List<Field> fields = new ArrayList<>(lines.length);
    for (int i = 1; i < lines.length; i++) {
      fields.add(field(lines[i]));
    }
    return new HttpHead(minorVersion(lines[0]), status(lines[0]), List.copyOf(fields));
  }

  /** The number of bytes of the head at the start of {@code bytes}, or -1 if it goes on. */
  static int end(byte[] bytes, int from, int to) {
    for (int i = Math.max(3, from); i < to; i++) {
      if (bytes[i] == '\n'
          && bytes[i - 1] == '\r'
          && bytes[i - 2] == '\n'
          && bytes[i - 3] == '\r') {
        return i + 1;
      }
    }
    return -1;
  }

  private static int minorVersion(String line) throws HttpFormatException {
    if (line.startsWith("HTTP/1.1 ")) {
      return 1;
    }
    if (line.startsWith("HTTP/1.0 ")) {
      return 0;
    }
    throw new HttpFormatException("the answer begins with '%s', not HTTP/1.1".formatted(cut(line)));
  }

  private static int status(String line) throws HttpFormatException {
    boolean wellFormed = line.length() >= 12 && (line.length() == 12 || line.charAt(12) == ' ');
    int status = 0;
    for (int i = 9; wellFormed && i < 12; i++) {
      int digit = line.charAt(i) - '0';
      wellFormed = digit >= 0 && digit <= 9;
      status = status * 10 + digit;
    }
    if (!wellFormed || status < 100 || status > 599 || hasControl(line)) {
      throw new HttpFormatException("malformed status line '%s'".formatted(cut(line)));
    }
    return status;
  }

  private static Field field(String line) throws HttpFormatException {
    int colon = line.indexOf(':');
    if (colon <= 0) {
      throw new HttpFormatException("malformed header field '%s'".formatted(cut(line)));
    }
    for (int i = 0; i < colon; i++) {
      char c = line.charAt(i);
      boolean token =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
      if (!token) {
        throw new HttpFormatException("malformed header name '%s'".formatted(cut(line)));
      }
    }
    if (hasControl(line)) {
      throw new HttpFormatException("control character in header field '%s'".formatted(cut(line)));
    }
    return new Field(
        line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
  }

  private static boolean hasControl(String line) {
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if ((c < ' ' && c != '\t') || c == 0x7f) {
        return true;
      }
    }
    return false;
  }

  /** Enough of a line to recognise it; servers echo what was sent, so never all of it. */
  private static String cut(String line) {
    StringBuilder shown = new StringBuilder();
    for (int i = 0; i < Math.min(40, line.length()); i++) {
      char c = line.charAt(i);
      shown.append(c < ' ' || c >= 0x7f ? '?' : c);
    }
    return line.length() > 40 ? shown + "..." : shown.toString();
  }

  private boolean readChunked() throws HttpFormatException {
    List<String> codings = all("transfer-encoding");
    if (codings.isEmpty()) {
      return false;
    }
    if (codings.size() > 1 || !codings.getFirst().equalsIgnoreCase("chunked")) {
      throw new HttpFormatException(
          "transfer coding '%s' is not understood, only chunked is"
              .formatted(cut(String.join(", ", codings))));
    }
    return true;
  }

  private long readContentLength() throws HttpFormatException {
    List<String> lengths = all("content-length");
    if (lengths.isEmpty()) {
      return UNKNOWN;
    }
    if (chunked) {
      throw new HttpFormatException("the answer has both a content length and a transfer coding");
    }
    for (String length : lengths) {
      if (!length.equals(lengths.getFirst())) {
        throw new HttpFormatException("the answer has several content lengths");
      }
    }
    return number(lengths.getFirst(), "content length");
  }

  static long number(String digits, String what) throws HttpFormatException {
    boolean wellFormed = !digits.isEmpty() && digits.length() <= 18;
    for (int i = 0; wellFormed && i < digits.length(); i++) {
      wellFormed = digits.charAt(i) >= '0' && digits.charAt(i) <= '9';
    }
    if (!wellFormed) {
      throw new HttpFormatException("malformed %s '%s'".formatted(what, cut(digits)));
    }
    return Long.parseLong(digits);
  }

  /** The three-digit status. */
  public int status() {
    return status;
  }

  /** The first field of a name (lower case). */
  public Optional<String> first(String name) {
    for (Field field : fields) {
      if (field.name().equals(name)) {
        return Optional.of(field.value());
      }
    }
    return Optional.empty();
  }

  private List<String> all(String name) {
    return fields.stream().filter(field -> field.name().equals(name)).map(Field::value).toList();
  }

  /** The length of the body that the answer announces, or -1. */
  public long contentLength() {
    return contentLength;
  }

  boolean isChunked() {
    return chunked;
  }

  /** Whether the connection may be used again after this answer. */
  boolean keepsAlive() {
    boolean close = false;
    boolean keep = false;
    for (String value : all("connection")) {
      for (String option : value.split(",", -1)) {
        close |= option.strip().equalsIgnoreCase("close");
        keep |= option.strip().equalsIgnoreCase("keep-alive");
      }
    }
    return !close && (minorVersion == 1 || keep);
  }

  /** First byte, last byte and whole length that a 206 answer names. */
  public record ContentRange(long first, long last, long whole) {}

  /**
   * The range that the answer names.
   *
   * @throws HttpFormatException if there is none or it is malformed
   */
  public ContentRange contentRange() throws HttpFormatException {
    String value = first("content-range").orElse("");
    int dash = value.indexOf('-');
    int slash = value.indexOf('/');
    if (!value.startsWith("bytes ") || dash < 6 || slash < dash) {
      throw new HttpFormatException(
          "the answer to a range has the content range '%s'".formatted(cut(value)));
    }
    String whole = value.substring(slash + 1);
    return new ContentRange(
        number(value.substring(6, dash).strip(), "content range"),
        number(value.substring(dash + 1, slash), "content range"),
        whole.equals("*") ? UNKNOWN : number(whole, "content range"));
  }
}
