package dev.penstock.loader;

import dev.penstock.cache.NextUse;
import dev.penstock.formats.ShardIndex;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.GroupedPlan;
import dev.penstock.sharding.MixturePlan;
import dev.penstock.sharding.Plan;
import dev.penstock.sharding.StepPlan;

/**
 * What the order says of the next use of a shard's bytes, for eviction. One thread moves it on, any
 * may ask.
 *
 * <p>The epochs of a mixture's sources turn at different places, and the cache asks whether a use
 * falls into the present epoch or a later one. So the places that it sees are made up: those of the
 * mixture's rows, and above them in each number how many epochs the sources have finished. A use in
 * its source's next epoch gets one more.
 */
abstract sealed class PlannedUse implements NextUse {
  private final Dataset dataset;

  // One writer, many readers, any recent value will do.
  private volatile long position;
  private volatile long step;
  private final StepPace pace = new StepPace(System::nanoTime);

  private PlannedUse(Dataset dataset) {
    this.dataset = dataset;
  }

  static PlannedUse of(StepPlan order, Dataset dataset) {
    return switch (order) {
      case Plan plan -> new OfOne(plan, dataset);
      case MixturePlan mixture -> new OfMixture(mixture, dataset);
      case GroupedPlan grouped -> of(grouped.inner(), dataset);
    };
  }

  /**
   * The look-ahead has reached a step, the session's {@code sequence}-th. Where samples are grouped
   * by their lengths, that is its group's start: what is left of the group comes next.
   */
  final void moveTo(Cursor cursor, long sequence) {
    position = position(cursor) - (cursor.grouping() == null ? 0 : 1);
    step = sequence;
  }

  /** The gather begins with the session's {@code sequence}-th step. */
  final void began(long sequence) {
    pace.began(sequence);
  }

  @Override
  public final long step() {
    return step;
  }

  @Override
  public final long slackNanos(long sequence) {
    return pace.slackNanos(sequence);
  }

  abstract long position(Cursor cursor);

  abstract long next(int part, int shard, int from, int to, long position);

  @Override
  public final long position() {
    return position;
  }

  @Override
  public final long after(int shard, long offset, long length) {
    int part = dataset.partOf(shard);
    // Asked under the cache's lock: never waits for an index that was let go. Then the shard's
    // first use stands for that of its bytes.
    ShardIndex index = dataset.indexInMemory(shard);
    int from = index == null ? 0 : sampleAt(index, offset);
    int to =
        index == null ? dataset.shape().samplesIn(shard) : sampleAt(index, offset + length - 1) + 1;
    return next(part, shard - dataset.firstShard(part), from, to, position);
  }

  /** The last sample that starts at or before {@code offset}; the first if none does. */
  private static int sampleAt(ShardIndex index, long offset) {
    int low = 0;
    int high = index.sampleCount() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (index.sampleOffset(middle) <= offset) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private static final class OfOne extends PlannedUse {
    private final Plan plan;

    OfOne(Plan plan, Dataset dataset) {
      super(dataset);
      this.plan = plan;
    }

    @Override
    long position(Cursor cursor) {
      return cursor.epoch() * plan.shape().sampleCount() + cursor.index();
    }

    @Override
    long next(int part, int shard, int from, int to, long position) {
      long next = plan.nextUse(shard, from, to, position);
      return next == Plan.NEVER ? NextUse.NEVER : next;
    }

    @Override
    public long epochLength() {
      return plan.shape().sampleCount();
    }
  }

  private static final class OfMixture extends PlannedUse {
    /** More rows than a run has; what is left of a number has room for 2^15 epochs. */
    private static final long ROWS = 1L << 48;

    private static final long ROUND = 1L << 14;

    private final MixturePlan plan;

    OfMixture(MixturePlan plan, Dataset dataset) {
      super(dataset);
      this.plan = plan;
    }

    @Override
    long position(Cursor cursor) {
      long turns = 0;
      for (int source = 0; source < plan.sources(); source++) {
        turns += plan.epochOf(source, cursor.index());
      }
      return turns % ROUND * ROWS + cursor.index();
    }

    @Override
    long next(int part, int shard, int from, int to, long position) {
      long row = position % ROWS;
      long next = plan.nextUse(part, shard, from, to, row);
      if (next == Plan.NEVER) {
        return NextUse.NEVER;
      }
      boolean later = plan.epochOf(part, next) > plan.epochOf(part, row);
      return (position / ROWS + (later ? 1 : 0)) * ROWS + next;
    }

    @Override
    public long epochLength() {
      return ROWS;
    }
  }
}
