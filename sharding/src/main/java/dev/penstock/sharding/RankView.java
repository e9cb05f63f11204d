package dev.penstock.sharding;

/**
 * One rank's share of every step: the step's rows sorted by (lane, epoch, index), cut into equal
 * pieces. Not thread-safe; allocates nothing for a row once each lane was read once, and one cursor
 * for a step.
 */
public abstract sealed class RankView permits LaneView, GroupView {
  static void check(int batch, int rank, int world) {
    if (world < 1 || rank < 0 || rank >= world) {
      throw new IllegalArgumentException(
          "rank " + rank + " of world " + world + ": a rank is 0 to world - 1");
    }
    if (batch % world != 0) {
      throw new IllegalArgumentException(
          "globalBatch: "
              + batch
              + " does not divide over "
              + world
              + " ranks; choose a multiple of "
              + world);
    }
  }

  /**
   * Rows of each step for this rank: {@code G / N}. Where samples are grouped by lengths, packs or
   * the unit of rows; {@link StepSamples#count} says how many rows a step has.
   */
  public abstract int rows();

  /**
   * Fills {@code out} with this rank's rows of the step at {@code at}.
   *
   * @return the cursor of the next step
   * @throws IllegalArgumentException if the cursor belongs to another order
   */
  public abstract Cursor fill(Cursor at, StepSamples out);
}
