package dev.penstock.sharding;

/**
 * How samples are grouped into batches by their lengths, and, in a cursor, how far the present
 * group is used.
 *
 * @param kind the rule
 * @param group samples that are looked at together, fixed for the run
 * @param budget tokens: of one pack for packs, of a step over all ranks for {@code TOKENS}
 * @param taken packs, or steps for the other kinds, of the present group that are used
 */
public record Grouping(Kind kind, int group, long budget, int taken) {
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

  public Grouping {
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

  /** The same rule at another place of a group. */
  Grouping at(int used) {
    return new Grouping(kind, group, budget, used);
  }
}
