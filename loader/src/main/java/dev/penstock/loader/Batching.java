package dev.penstock.loader;

import dev.penstock.sharding.Grouping;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Batches by the samples' lengths. Written form: {@code KIND:FIELD:TOKENS}, with {@code ,group=N}
 * and, for packs, {@code ,longer=HOW} behind it if wanted:
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
 * @param longer what becomes of samples that are longer than a pack: {@code truncate} (a pack by
 *     itself, which {@link Packs} cuts), {@code split} (pieces, each a row, {@link Batch#start}
 *     says from where), {@code drop} (in no pack) or {@code refuse} (the run fails)
 */
public record Batching(
    Grouping.Kind kind, String field, long tokens, OptionalInt group, Grouping.Longer longer) {
  private static final String FORMS =
      "first-fit:FIELD:TOKENS, best-fit:FIELD:TOKENS, bucket:FIELD or tokens:FIELD:TOKENS, with"
          + " ,group=N behind if wanted, and for packs ,longer=truncate, split, drop or refuse";
  private static final Pattern FORM =
      Pattern.compile("(.*?)((?:,(?:group|longer)=[^,]*)*)", Pattern.DOTALL);

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
    if (longer != Grouping.Longer.TRUNCATE && !kind.packs()) {
      throw new IllegalArgumentException(
          "batching by %s: longer=%s has no meaning without packs, only first-fit and best-fit make them"
              .formatted(kind, longer.name().toLowerCase(Locale.ROOT)));
    }
  }

  /** Whether samples may come in pieces. */
  public boolean splits() {
    return longer == Grouping.Longer.SPLIT;
  }

  /**
   * Reads the written form.
   *
   * @throws IllegalArgumentException saying what is wrong and what is accepted
   */
  public static Batching parse(String text) {
    Matcher form = FORM.matcher(text);
    String[] parts = form.matches() ? form.group(1).split(":", -1) : new String[0];
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
    OptionalInt group = OptionalInt.empty();
    Grouping.Longer longer = Grouping.Longer.TRUNCATE;
    try {
      long tokens = parts.length == 3 ? Long.parseLong(parts[2]) : 0;
      for (String option : form.group(2).split(",", -1)) {
        if (option.startsWith("group=")) {
          group = OptionalInt.of(Integer.parseInt(option.substring(6)));
        } else if (option.startsWith("longer=")) {
          longer = longer(text, option.substring(7));
        }
      }
      return new Batching(kind, parts[1], tokens, group, longer);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("batching '%s': no whole number".formatted(text), e);
    }
  }

  private static Grouping.Longer longer(String text, String name) {
    return switch (name) {
      case "truncate" -> Grouping.Longer.TRUNCATE;
      case "split" -> Grouping.Longer.SPLIT;
      case "drop" -> Grouping.Longer.DROP;
      case "refuse" -> Grouping.Longer.REFUSE;
      default -> throw unknown(text);
    };
  }

  private static IllegalArgumentException unknown(String text) {
    return new IllegalArgumentException("batching '%s' is not one of %s".formatted(text, FORMS));
  }
}
