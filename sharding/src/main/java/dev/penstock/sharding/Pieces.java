package dev.penstock.sharding;

import java.util.Arrays;

/**
 * What a group's samples are packed as: whole, or, where they are longer than a pack and the rule
 * says so, in pieces, or not at all. A pure function of their lengths. Immutable.
 */
final class Pieces {
  /** Bounds the memory of a group of very long samples: 12 bytes a piece. */
  private static final int PIECES_MAX = 1 << 22;

  private int[] rows;
  private int[] starts;
  private int[] lengths;
  private int count;

  private Pieces(int expected) {
    rows = new int[expected];
    starts = new int[expected];
    lengths = new int[expected];
  }

  /**
   * The pieces of a group, in the order of its rows.
   *
   * @throws IllegalArgumentException if the rule refuses a sample that is longer than a pack, or
   *     the pieces are too many
   */
  static Pieces of(StepSamples group, GroupedPlan.Lengths of, Grouping rule) {
    Pieces pieces = new Pieces(group.count());
    for (int row = 0; row < group.count(); row++) {
      int length = of.tokens(group.source(row), group.shard(row), group.ordinal(row));
      boolean longer = rule.kind().packs() && length > rule.budget();
      switch (longer ? rule.longer() : Grouping.Longer.TRUNCATE) {
        case TRUNCATE -> pieces.add(row, 0, length);
        case SPLIT -> pieces.split(row, length, (int) rule.budget());
        case DROP -> {}
        case REFUSE ->
            throw new IllegalArgumentException(
                "%s has %d tokens, more than the %d of a pack; truncate, split or drop such samples, or choose larger packs"
                    .formatted(
                        of.describe(group.source(row), group.shard(row), group.ordinal(row)),
                        length,
                        rule.budget()));
      }
    }
    pieces.trim();
    return pieces;
  }

  private void split(int row, int length, int budget) {
    if (count + (long) Math.ceilDiv(length, budget) > PIECES_MAX) {
      throw new IllegalArgumentException(
          "group of %d samples: a sample of %d tokens makes more than %d pieces of at most %d tokens; choose smaller groups or larger packs"
              .formatted(rows.length, length, PIECES_MAX, budget));
    }
    for (long start = 0; start < length; start += budget) {
      add(row, (int) start, (int) Math.min(budget, length - start));
    }
  }

  private void add(int row, int start, int length) {
    if (count == rows.length) {
      int larger = 2 * count;
      rows = Arrays.copyOf(rows, larger);
      starts = Arrays.copyOf(starts, larger);
      lengths = Arrays.copyOf(lengths, larger);
    }
    rows[count] = row;
    starts[count] = start;
    lengths[count] = length;
    count++;
  }

  private void trim() {
    if (count < rows.length) {
      rows = Arrays.copyOf(rows, count);
      starts = Arrays.copyOf(starts, count);
      lengths = Arrays.copyOf(lengths, count);
    }
  }

  /** Tokens of each piece; not to be changed. */
  int[] lengths() {
    return lengths;
  }

  /** The row that a piece is of. */
  int row(int piece) {
    return rows[piece];
  }

  /** The first token of its sample that a piece has. */
  int start(int piece) {
    return starts[piece];
  }
}
