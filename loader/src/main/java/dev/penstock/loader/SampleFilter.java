package dev.penstock.loader;

import dev.penstock.formats.ShardIndex;
import dev.penstock.sharding.Selection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Which samples of a dataset are kept, by what its indexes say of them. A filter acts before the
 * order: what it keeps is a dataset of its own. Written forms, of which a {@code !} in front keeps
 * what is not so:
 *
 * <ul>
 *   <li>{@code split:FROM..TO}, {@code split:FROM..TO,seed=N}: the key's hash, a fixed number in
 *       [0, 1), is in [FROM, TO): {@code split:..0.9} to train, {@code split:0.9..} to validate;
 *   <li>{@code range:FROM..TO}: the sample's number in stored order is;
 *   <li>{@code keys:A,B,C}, {@code keys:@FILE}: the key is one of these, in FILE one a line;
 *   <li>{@code has:FIELD}: the sample has the field;
 *   <li>{@code bytes:FROM..TO}, {@code bytes:FIELD:FROM..TO}: the length of the sample with its
 *       framing, or of the field, is.
 * </ul>
 *
 * <p>Either end of a range may be left out; TO itself is not in it. Immutable.
 */
public final class SampleFilter {
  /** A file of keys is held in the heap while samples are chosen. */
  private static final int KEYS_BYTES_MAX = 16 << 20;

  private static final String FORMS =
      "split:FROM..TO, range:FROM..TO, keys:A,B or keys:@FILE, has:FIELD, bytes:FROM..TO or"
          + " bytes:FIELD:FROM..TO, each with ! in front for the opposite";

  private final String text;
  private final boolean opposite;
  private final String kind;
  private final String field;
  private final double from;
  private final double to;
  private final long seed;

  /** What is asked of one sample. */
  @FunctionalInterface
  interface Test {
    boolean keeps(ShardIndex index, int ordinal, long number);
  }

  private SampleFilter(String text, String kind, String field, double[] range, long seed) {
    this.text = text;
    this.opposite = text.startsWith("!");
    this.kind = kind;
    this.field = field;
    this.from = range[0];
    this.to = range[1];
    this.seed = seed;
  }

  /**
   * Reads a written form.
   *
   * @throws IllegalArgumentException saying what is wrong and what is accepted
   */
  public static SampleFilter parse(String text) {
    String plain = text.startsWith("!") ? text.substring(1) : text;
    int colon = plain.indexOf(':');
    String kind = colon < 0 ? "" : plain.substring(0, colon);
    String rest = plain.substring(colon + 1);
    double[] all = {Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY};
    return switch (kind) {
      case "split" -> {
        int comma = rest.indexOf(",seed=");
        long seed = comma < 0 ? 0 : seed(text, rest.substring(comma + 6));
        String range = comma < 0 ? rest : rest.substring(0, comma);
        yield new SampleFilter(text, kind, "", range(text, range), seed);
      }
      case "range" -> new SampleFilter(text, kind, "", range(text, rest), 0);
      case "keys", "has" -> {
        if (rest.isEmpty()) {
          throw new IllegalArgumentException("filter '%s' names nothing".formatted(text));
        }
        yield new SampleFilter(text, kind, rest, all, 0);
      }
      case "bytes" -> {
        int last = rest.lastIndexOf(':');
        String field = last < 0 ? "" : rest.substring(0, last);
        yield new SampleFilter(text, kind, field, range(text, rest.substring(last + 1)), 0);
      }
      default ->
          throw new IllegalArgumentException("filter '%s' is not one of %s".formatted(text, FORMS));
    };
  }

  /** Reads several. */
  public static List<SampleFilter> parseAll(List<String> texts) {
    return texts.stream().map(SampleFilter::parse).toList();
  }

  private static long seed(String text, String number) {
    try {
      return Long.parseLong(number);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("filter '%s': seed is no integer".formatted(text), e);
    }
  }

  private static double[] range(String text, String range) {
    int dots = range.indexOf("..");
    if (dots < 0) {
      throw new IllegalArgumentException(
          "filter '%s' has no FROM..TO; either may be left out".formatted(text));
    }
    try {
      String low = range.substring(0, dots);
      String high = range.substring(dots + 2);
      double from = low.isEmpty() ? Double.NEGATIVE_INFINITY : Double.parseDouble(low);
      double to = high.isEmpty() ? Double.POSITIVE_INFINITY : Double.parseDouble(high);
      if (!(from <= to)) {
        throw new IllegalArgumentException("filter '%s': FROM is not less than TO".formatted(text));
      }
      return new double[] {from, to};
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("filter '%s': no number".formatted(text), e);
    }
  }

  /** The file of keys that it reads, if any. */
  public Optional<String> file() {
    return kind.equals("keys") && field.startsWith("@")
        ? Optional.of(field.substring(1))
        : Optional.empty();
  }

  /** Makes it ready to be asked; reads the file of keys. */
  Test open() throws IOException {
    Test test = test();
    return opposite ? (index, ordinal, number) -> !test.keeps(index, ordinal, number) : test;
  }

  private Test test() throws IOException {
    return switch (kind) {
      case "split" ->
          (index, ordinal, number) -> Selection.inSplit(seed, index.key(ordinal), from, to);
      case "range" -> (index, ordinal, number) -> within(number);
      case "has" -> (index, ordinal, number) -> fieldBytes(index, ordinal) >= 0;
      case "keys" -> {
        String[] keys = keys();
        yield (index, ordinal, number) -> Arrays.binarySearch(keys, index.key(ordinal)) >= 0;
      }
      default ->
          field.isEmpty()
              ? (index, ordinal, number) -> within(index.sampleBytes(ordinal))
              : (index, ordinal, number) -> {
                long bytes = fieldBytes(index, ordinal);
                return bytes >= 0 && within(bytes);
              };
    };
  }

  private boolean within(long value) {
    return value >= from && value < to;
  }

  /** The length of the field that is asked about, -1 if the sample has none. */
  private long fieldBytes(ShardIndex index, int ordinal) {
    if (!index.placesKnown()) {
      throw new IllegalArgumentException(
          "filter '%s': the indexes of %s shards say nothing of fields; filter by split, range, keys or the sample's bytes"
              .formatted(text, index.kind()));
    }
    int id = index.names().idOf(field);
    int number = id < 0 ? -1 : index.fieldOf(ordinal, id);
    return number < 0 ? -1 : index.fieldBytes(ordinal, number);
  }

  private String[] keys() throws IOException {
    Optional<String> file = file();
    if (file.isEmpty()) {
      return Arrays.stream(field.split(",", -1)).sorted().toArray(String[]::new);
    }
    Path path = Path.of(file.get());
    long bytes = Files.size(path);
    if (bytes > KEYS_BYTES_MAX) {
      throw new IllegalArgumentException(
          "filter '%s': the file has %d bytes, at most %d are read; pack what you want into shards of its own"
              .formatted(text, bytes, KEYS_BYTES_MAX));
    }
    return Files.readString(path, StandardCharsets.UTF_8)
        .lines()
        .filter(line -> !line.isEmpty())
        .sorted()
        .toArray(String[]::new);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SampleFilter filter && filter.text.equals(text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  /** The written form. */
  @Override
  public String toString() {
    return text;
  }
}
