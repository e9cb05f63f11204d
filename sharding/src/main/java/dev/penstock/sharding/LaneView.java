package dev.penstock.sharding;

import java.util.Arrays;

/**
 * One rank's share of every step: the step's indexes sorted by (lane, epoch, index), cut into equal
 * pieces. Not thread-safe; allocates nothing for a row once each lane was read once, and one cursor
 * for a step.
 */
final class LaneView extends RankView {
  private final StepPlan plan;
  private final Steps steps;
  private final int lanes;
  private final Order.Locator locator;
  private final int rows;
  private final int firstRow;
  private int segments;
  private long[] segmentEpoch = new long[2];
  private long[] segmentFrom = new long[2];
  private long[] segmentTo = new long[2];

  LaneView(StepPlan plan, Steps steps, int lanes, Order.Locator locator, int rank, int world) {
    check(steps.batch(), rank, world);
    this.plan = plan;
    this.steps = steps;
    this.lanes = lanes;
    this.locator = locator;
    this.rows = steps.batch() / world;
    this.firstRow = rank * rows;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public Cursor fill(Cursor at, StepSamples out) {
    Cursor from = plan.normal(at);
    out.begin(from.epoch(), from.step(), rows);
    segment(from);
    int lane = firstLane();
    long skip = firstRow - rowsBelow(lane);
    int row = 0;
    while (row < rows) {
      row = fillLane(lane, skip, row, out);
      skip = 0;
      lane++;
    }
    return plan.after(from, 1);
  }

  /** Cuts the step at the ends of epochs; the pieces of padding start an epoch again. */
  private void segment(Cursor from) {
    segments = 0;
    boolean carries = steps.carries();
    long epoch = from.epoch();
    long index = from.index();
    long left = steps.batch();
    while (left > 0) {
      if (segments == segmentEpoch.length) {
        segmentEpoch = Arrays.copyOf(segmentEpoch, 2 * segments);
        segmentFrom = Arrays.copyOf(segmentFrom, 2 * segments);
        segmentTo = Arrays.copyOf(segmentTo, 2 * segments);
      }
      long taken = Math.min(left, steps.samples(epoch) - index);
      segmentEpoch[segments] = epoch;
      segmentFrom[segments] = index;
      segmentTo[segments] = index + taken;
      segments++;
      left -= taken;
      index = 0;
      epoch += carries ? 1 : 0;
    }
  }

  /** The step's rows in lanes below one. */
  private long rowsBelow(int lane) {
    long sum = 0;
    for (int i = 0; i < segments; i++) {
      sum += indexesBelow(segmentTo[i], lane) - indexesBelow(segmentFrom[i], lane);
    }
    return sum;
  }

  /** How many indexes below a bound belong to lanes below another. */
  private long indexesBelow(long bound, int lane) {
    return bound / lanes * lane + Math.min(bound % lanes, lane);
  }

  /** The lane that holds this rank's first row. */
  private int firstLane() {
    int low = 0;
    int high = lanes - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (rowsBelow(middle) <= firstRow) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private int fillLane(int lane, long skip, int from, StepSamples out) {
    int row = from;
    long passed = skip;
    boolean carries = steps.carries();
    for (int i = 0; i < segments && row < rows; i++) {
      long start = segmentFrom[i];
      long index = start + Math.floorMod(lane - start, lanes);
      long inLane = index < segmentTo[i] ? (segmentTo[i] - index - 1) / lanes + 1 : 0;
      if (passed >= inLane) {
        passed -= inLane;
        continue;
      }
      index += passed * lanes;
      int taken = (int) Math.min(rows - row, inLane - passed);
      passed = 0;
      for (int k = 0; k < taken; k++) {
        out.place(row + k, segmentEpoch[i], index + (long) k * lanes, lane, carries || i == 0);
      }
      locator.locate(segmentEpoch[i], index, lanes, taken, out, row);
      row += taken;
    }
    return row;
  }
}
