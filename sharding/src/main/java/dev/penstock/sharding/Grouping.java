package dev.penstock.sharding;

import java.util.Objects;

/**
 * How samples are grouped into batches by their lengths, and, in a cursor, how far the present
 * group is used.
 *
 * @param kind the rule
 * @param group samples that are looked at together, fixed for the run
 * @param budget tokens: of one pack for packs, of a step over all ranks for {@code TOKENS}
 * @param taken packs, or steps for the other kinds, of the present group that are used
 * @param longer what becomes of samples that are longer than a pack
 */
public record Grouping(Kind kind, int group, long budget, int taken, Longer longer) {
  /** Bounds the memory of a group: about 60 bytes a sample. */
  public static final int GROUP_MAX = 1 << 18;

  /** How a group becomes batches. */
  public enum Kind {
    /** Samples go into the first open pack that has room. */
    FIRST_FIT,
    /** Samples go into the open pack that they fill best. */
    BEST_FIT,
    /** Steps of the global batch's samples, of like lengths. */
    BUCKET,
    /** Steps of as many samples as the budget allows when all are padded to the longest. */
    TOKENS;

    /** Whether rows are laid end to end into packs. */
    public boolean packs() {
      return this == FIRST_FIT || this == BEST_FIT;
    }
  }

  /** What becomes of a sample that is longer than a pack. */
  public enum Longer {
    /**
     * It is a pack by itself, which its first tokens fill; for kinds without packs, no question.
     */
    TRUNCATE,
    /** It becomes pieces: each fills a pack but the last, which is packed as samples are. */
    SPLIT,
    /** It is in no pack. */
    DROP,
    /** It ends the run. */
    REFUSE
  }

  public Grouping {
    // Cursors of before there was a choice do not say, and mean this.
    longer = Objects.requireNonNullElse(longer, Longer.TRUNCATE);
    if (longer != Longer.TRUNCATE && !kind.packs()) {
      throw new IllegalArgumentException(
          "longer: %s has no meaning for %s, which makes no packs".formatted(longer, kind));
    }
    if (group < 1 || group > GROUP_MAX) {
      throw new IllegalArgumentException(
          "group: %d samples is out of range, 1 to %d is allowed".formatted(group, GROUP_MAX));
    }
    if (budget < (kind == Kind.BUCKET ? 0 : 1) || budget > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "budget: %d tokens is out of range, 1 to %d is allowed"
              .formatted(budget, Integer.MAX_VALUE));
    }
    if (taken < 0) {
      throw new IllegalArgumentException("taken: %d can't be negative".formatted(taken));
    }
  }

  /** The rule that truncates. */
  public Grouping(Kind kind, int group, long budget, int taken) {
    this(kind, group, budget, taken, Longer.TRUNCATE);
  }

  /** The same rule with another way of handling samples longer than a pack. */
  public Grouping withLonger(Longer other) {
    return new Grouping(kind, group, budget, taken, other);
  }

  /** The same rule at another place of a group. */
  Grouping at(int used) {
    return new Grouping(kind, group, budget, used, longer);
  }

  /** The rule as order ids have it. */
  String id() {
    String rule =
        "Grouping[kind=%s, group=%d, budget=%d, taken=%d]".formatted(kind, group, budget, taken);
    return longer == Longer.TRUNCATE ? rule : rule + longer;
  }
}
