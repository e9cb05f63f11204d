package dev.penstock.sharding;

import org.jspecify.annotations.Nullable;

/**
 * Follows the lanes of a block order forward. Keeps for each lane the permutation of its present
 * window (4 bytes an item, made when the lane is first read) and the extent that it was in, so that
 * an index costs a few nanoseconds and no memory. Any jump is allowed and only costs a new table.
 */
final class BlockLocator implements Order.Locator {
  private final DatasetShape shape;
  private final boolean selects;
  private final BlockOrder order;
  private final Extents extents;
  private final Lanes lanes;
  private final long seed;
  private final @Nullable LaneState[] states;
  private @Nullable EpochTable table;

  BlockLocator(DatasetShape shape, BlockOrder order, Lanes lanes, long seed) {
    this.shape = shape;
    this.selects = shape.selects();
    this.order = order;
    this.extents = order.extents();
    this.lanes = lanes;
    this.seed = seed;
    this.states = new @Nullable LaneState[lanes.count];
  }

  @Override
  public void locate(long epoch, long index, int stride, int count, StepSamples out, int row) {
    int lane = lanes.laneOf(index);
    LaneState state = state(lane);
    EpochTable epochTable = table(epoch);
    long laneStart = lanes.start(lane);
    long item = index / lanes.count;
    for (int i = 0; i < count; i++) {
      if (item < state.start || item >= state.end || state.epoch != epoch) {
        state.turn(lanes, seed, epoch, lane, item);
      }
      long place = laneStart + state.start + state.window[(int) (item - state.start)];
      item++;
      if (place < state.placeFrom || place >= state.placeTo || state.placeEpoch != epoch) {
        state.enter(shape, extents, epochTable, place);
      }
      int ordinal = (int) (place + state.toOrdinal);
      if (selects) {
        ordinal = shape.storedOrdinal(state.shard, ordinal);
      }
      out.locate(row + i, place + state.toSample, state.shard, ordinal);
    }
  }

  private LaneState state(int lane) {
    LaneState state = states[lane];
    if (state == null) {
      state = new LaneState(lanes.windowMax());
      states[lane] = state;
    }
    return state;
  }

  private EpochTable table(long epoch) {
    EpochTable held = table;
    if (held == null || held.epoch() != epoch) {
      held = order.table(epoch);
      table = held;
    }
    return held;
  }

  private static final class LaneState {
    final int[] window;
    long epoch = -1;
    long start;
    long end;

    // The extent that the lane was in last, as places of its epoch's sequence.
    long placeEpoch = -1;
    long placeFrom;
    long placeTo;
    long toSample;
    long toOrdinal;
    int shard;

    LaneState(int windowMax) {
      this.window = new int[windowMax];
    }

    void turn(Lanes lanes, long seed, long newEpoch, int lane, long item) {
      long number = lanes.windowOf(lane, item);
      epoch = newEpoch;
      start = lanes.windowStart(lane, number);
      end = lanes.windowEnd(lane, number);
      Keyed.permutation(
          window, (int) (end - start), Keyed.key(seed, Keyed.WINDOW, newEpoch, lane, number));
    }

    void enter(DatasetShape shape, Extents extents, EpochTable table, long place) {
      int position = table.positionAt(place);
      int extent = table.extentAt(position);
      placeEpoch = table.epoch();
      placeFrom = table.placesBefore(position);
      placeTo = table.placesBefore(position + 1);
      shard = extents.shard(extent);
      toSample = extents.first(extent) - placeFrom;
      toOrdinal = toSample - shape.firstSample(shard);
    }
  }
}
