package dev.penstock.loader;

import dev.penstock.sharding.Grouping;
import java.util.OptionalInt;

/**
 * Batches by the samples' lengths. Written form: {@code KIND:FIELD:TOKENS}, with {@code ,group=N}
 * behind it if wanted:
 *
 * <ul>
 *   <li>{@code first-fit:ids:4096}, {@code best-fit:ids:4096}: packs of at most 4,096 tokens of the
 *       field {@code ids}; a batch has {@code batch-size} packs and as many rows as they hold;
 *   <li>{@code bucket:ids}: batches of {@code batch-size} rows of like lengths;
 *   <li>{@code tokens:ids:65536}: batches of a multiple of {@code batch-size} rows that take at
 *       most 65,536 tokens of this rank when all are padded to the step's longest.
 * </ul>
 *
 * @param kind the rule
 * @param field whose elements are counted; declared with any number of elements, as {@code
 *     ids:u16[]}
 * @param tokens of a pack, or of a rank's batch; 0 for buckets
 * @param group samples that are looked at together, overriding the default
 */
public record Batching(Grouping.Kind kind, String field, long tokens, OptionalInt group) {
  private static final String FORMS =
      "first-fit:FIELD:TOKENS, best-fit:FIELD:TOKENS, bucket:FIELD or tokens:FIELD:TOKENS, with"
          + " ,group=N behind if wanted";

  /** Checks. */
  public Batching {
    if (field.isEmpty()) {
      throw new IllegalArgumentException("batching names no field; accepted are " + FORMS);
    }
    boolean needs = kind != Grouping.Kind.BUCKET;
    if (tokens < (needs ? 1 : 0) || tokens > (needs ? Integer.MAX_VALUE : 0)) {
      throw new IllegalArgumentException(
          "batching by %s: %d tokens, %s accepted"
              .formatted(kind, tokens, needs ? "1 to 2^31-1 are" : "none is"));
    }
    if (group.isPresent() && (group.getAsInt() < 1 || group.getAsInt() > Grouping.GROUP_MAX)) {
      throw new IllegalArgumentException(
          "batching: group is %d, 1 to %d is accepted"
              .formatted(group.getAsInt(), Grouping.GROUP_MAX));
    }
  }

  /**
   * Reads the written form.
   *
   * @throws IllegalArgumentException saying what is wrong and what is accepted
   */
  public static Batching parse(String text) {
    int comma = text.indexOf(",group=");
    String[] parts = (comma < 0 ? text : text.substring(0, comma)).split(":", -1);
    if (parts.length < 2 || parts.length > 3) {
      throw unknown(text);
    }
    Grouping.Kind kind =
        switch (parts[0]) {
          case "first-fit" -> Grouping.Kind.FIRST_FIT;
          case "best-fit" -> Grouping.Kind.BEST_FIT;
          case "bucket" -> Grouping.Kind.BUCKET;
          case "tokens" -> Grouping.Kind.TOKENS;
          default -> throw unknown(text);
        };
    try {
      long tokens = parts.length == 3 ? Long.parseLong(parts[2]) : 0;
      OptionalInt group =
          comma < 0
              ? OptionalInt.empty()
              : OptionalInt.of(Integer.parseInt(text.substring(comma + 7)));
      return new Batching(kind, parts[1], tokens, group);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("batching '%s': no whole number".formatted(text), e);
    }
  }

  private static IllegalArgumentException unknown(String text) {
    return new IllegalArgumentException("batching '%s' is not one of %s".formatted(text, FORMS));
  }
}
