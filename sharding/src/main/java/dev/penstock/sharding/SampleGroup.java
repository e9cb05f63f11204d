package dev.penstock.sharding;

import java.util.Arrays;

/**
 * The samples that a grouped order looks at together, and the packs or steps that they make. A pure
 * function of the samples' lengths. Immutable.
 */
final class SampleGroup {
  /** Packs that are kept open: more fill a little better and mix lanes that lie further apart. */
  private static final int OPEN_MAX = 64;

  private final Cursor place;
  private final StepSamples rows;
  private final Pieces pieces;
  private final Cursor next;

  /** Pieces unit by unit, within each by lane. */
  private final int[] order;

  private final int[] starts;

  private SampleGroup(
      Cursor place, StepSamples rows, Pieces pieces, Cursor next, int[] order, int[] starts) {
    this.place = place;
    this.rows = rows;
    this.pieces = pieces;
    this.next = next;
    this.order = order;
    this.starts = starts;
  }

  /**
   * Groups rows, which stand by lane.
   *
   * @param place of the first of them in the inner order
   * @param next the place behind them
   * @param pieces of the rows, in their order
   * @param batch rows of a step for {@code BUCKET}, its unit for {@code TOKENS}
   * @param key that the units are shuffled by
   */
  static SampleGroup of(
      Cursor place,
      StepSamples rows,
      Cursor next,
      Pieces pieces,
      Grouping rule,
      int batch,
      long key) {
    int[] lengths = pieces.lengths();
    int[] unitOf = new int[lengths.length];
    int units =
        switch (rule.kind()) {
          case FIRST_FIT, BEST_FIT -> pack(unitOf, lengths, rule);
          case BUCKET, TOKENS -> deal(unitOf, lengths, rule, batch);
        };
    int[] moved = new int[units];
    Keyed.permutation(moved, units, key);
    int[] starts = new int[units + 1];
    for (int row = 0; row < unitOf.length; row++) {
      unitOf[row] = moved[unitOf[row]];
      starts[unitOf[row] + 1]++;
    }
    for (int unit = 0; unit < units; unit++) {
      starts[unit + 1] += starts[unit];
    }
    int[] order = new int[unitOf.length];
    int[] filled = starts.clone();
    for (int row = 0; row < unitOf.length; row++) {
      order[filled[unitOf[row]]++] = row;
    }
    return new SampleGroup(place, rows, pieces, next, order, starts);
  }

  /** Returns how many packs there are; {@code unitOf} has each row's. */
  private static int pack(int[] unitOf, int[] lengths, Grouping rule) {
    int[] open = new int[OPEN_MAX];
    long[] left = new long[OPEN_MAX];
    int count = 0;
    int packs = 0;
    for (int row = 0; row < lengths.length; row++) {
      long length = Math.min(lengths[row], rule.budget());
      int chosen = -1;
      for (int i = 0; i < count && (chosen < 0 || rule.kind() != Grouping.Kind.FIRST_FIT); i++) {
        if (left[i] >= length && (chosen < 0 || left[i] < left[chosen])) {
          chosen = i;
        }
      }
      if (chosen < 0) {
        if (count == OPEN_MAX) {
          count = closeFullest(open, left, count);
        }
        chosen = count++;
        open[chosen] = packs++;
        left[chosen] = rule.budget();
      }
      unitOf[row] = open[chosen];
      left[chosen] -= length;
    }
    return packs;
  }

  private static int closeFullest(int[] open, long[] left, int count) {
    int fullest = 0;
    for (int i = 1; i < count; i++) {
      fullest = left[i] < left[fullest] ? i : fullest;
    }
    System.arraycopy(open, fullest + 1, open, fullest, count - fullest - 1);
    System.arraycopy(left, fullest + 1, left, fullest, count - fullest - 1);
    return count - 1;
  }

  /** Rows by length, dealt to steps of the batch, or of as many batches as the budget allows. */
  private static int deal(int[] unitOf, int[] lengths, Grouping rule, int batch) {
    long[] sorted = new long[lengths.length];
    for (int row = 0; row < sorted.length; row++) {
      sorted[row] = (long) lengths[row] << Integer.SIZE | row;
    }
    Arrays.sort(sorted);
    int steps = 0;
    int from = 0;
    while (from < sorted.length) {
      int to = from + batch;
      while (rule.kind() == Grouping.Kind.TOKENS
          && to + batch <= sorted.length
          && (to + batch - from) * (sorted[to + batch - 1] >>> Integer.SIZE) <= rule.budget()) {
        to += batch;
      }
      for (int i = from; i < to; i++) {
        unitOf[(int) sorted[i]] = steps;
      }
      steps++;
      from = to;
    }
    return steps;
  }

  /** The place of its first sample in the inner order. */
  Cursor place() {
    return place;
  }

  /** The place of the group behind this one. */
  Cursor next() {
    return next;
  }

  /** Packs, or steps. */
  int units() {
    return starts.length - 1;
  }

  int size(int unit) {
    return starts[unit + 1] - starts[unit];
  }

  /** The lane of a unit's first row. */
  int lane(int unit) {
    return rows.lane(pieces.row(order[starts[unit]]));
  }

  /** Writes some rows of a unit from {@code row} on; returns the row behind them. */
  int copy(int unit, int from, int count, StepSamples out, int row, int pack) {
    for (int i = 0; i < count; i++) {
      int piece = order[starts[unit] + from + i];
      out.copy(row + i, rows, pieces.row(piece), pack, pieces.start(piece));
    }
    return row + count;
  }
}
