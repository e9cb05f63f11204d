package dev.penstock.sharding;

import java.util.Arrays;

/**
 * One rank's share of every step: the step's indexes sorted by (lane, epoch, index), cut into equal
 * pieces. Not thread-safe; allocates nothing for a row once each lane was read once, and one cursor
 * for a step.
 */
public final class RankView {
  private final Plan plan;
  private final Lanes lanes;
  private final Order.Locator locator;
  private final int rows;
  private final int firstRow;
  private int segments;
  private long[] segmentEpoch = new long[2];
  private long[] segmentFrom = new long[2];
  private long[] segmentTo = new long[2];

  RankView(Plan plan, Lanes lanes, Order.Locator locator, int rank, int world) {
    this.plan = plan;
    this.lanes = lanes;
    this.locator = locator;
    this.rows = plan.spec().globalBatch() / world;
    this.firstRow = rank * rows;
  }

  /** Rows of each step for this rank: {@code G / N}. */
  public int rows() {
    return rows;
  }

  /**
   * Fills {@code out} with this rank's rows of the step at {@code at}.
   *
   * @return the cursor of the next step
   * @throws IllegalArgumentException if the cursor belongs to another order
   */
  public Cursor fill(Cursor at, StepSamples out) {
    Cursor from = plan.normal(at);
    out.begin(from.step(), rows);
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
    long samples = plan.shape().sampleCount();
    boolean carries = plan.spec().end() == End.CARRY;
    long epoch = from.epoch();
    long index = from.index();
    long left = plan.spec().globalBatch();
    while (left > 0) {
      if (segments == segmentEpoch.length) {
        segmentEpoch = Arrays.copyOf(segmentEpoch, 2 * segments);
        segmentFrom = Arrays.copyOf(segmentFrom, 2 * segments);
        segmentTo = Arrays.copyOf(segmentTo, 2 * segments);
      }
      long taken = Math.min(left, samples - index);
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
      sum += lanes.indexesBelow(segmentTo[i], lane) - lanes.indexesBelow(segmentFrom[i], lane);
    }
    return sum;
  }

  /** The lane that holds this rank's first row. */
  private int firstLane() {
    int low = 0;
    int high = lanes.count - 1;
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
    boolean carries = plan.spec().end() == End.CARRY;
    for (int i = 0; i < segments && row < rows; i++) {
      long start = segmentFrom[i];
      long index = start + Math.floorMod(lane - start, (long) lanes.count);
      long inLane = index < segmentTo[i] ? (segmentTo[i] - index - 1) / lanes.count + 1 : 0;
      if (passed >= inLane) {
        passed -= inLane;
        continue;
      }
      index += passed * lanes.count;
      passed = 0;
      while (index < segmentTo[i] && row < rows) {
        out.place(row, segmentEpoch[i], index, lane, carries || i == 0);
        locator.locate(segmentEpoch[i], index, out, row);
        index += lanes.count;
        row++;
      }
    }
    return row;
  }
}
