package dev.penstock.sharding;

/**
 * Walks what a rank will need, in the order of need: step by step, and within a step in the order
 * of its rows. Not thread-safe; allocates one cursor a step.
 */
public final class LookAhead {
  private final StepPlan plan;
  private final RankView view;
  private final long epochs;
  private final StepSamples samples = new StepSamples();
  private Cursor next;
  private int row = -1;

  /**
   * Starts before the first row of the step at a cursor.
   *
   * @param epochs at which the run ends, 0 for an endless one
   */
  LookAhead(StepPlan plan, RankView view, Cursor start, long epochs) {
    this.plan = plan;
    this.view = view;
    this.epochs = epochs;
    this.next = plan.normal(start);
  }

  /** Goes on to the next row; false, and nothing to see, when the run has ended. */
  public boolean advance() {
    if (row + 1 < samples.count()) {
      row++;
      return true;
    }
    return advanceStep();
  }

  /**
   * Goes on to the first row of the next step; false, and nothing to see, when the run has ended.
   */
  public boolean advanceStep() {
    if (plan.ended(next, epochs)) {
      return false;
    }
    next = view.fill(next, samples);
    row = 0;
    return true;
  }

  /** All rows of the present step. */
  public StepSamples samples() {
    return samples;
  }

  /** The present row in {@link #samples()}. */
  public int row() {
    return row;
  }

  public long step() {
    return samples.step();
  }

  public int shard() {
    return samples.shard(row);
  }

  public int ordinal() {
    return samples.ordinal(row);
  }

  public boolean valid() {
    return samples.valid(row);
  }

  /** Epoch · samples + index of the present row in its source: the unit of next use. */
  public long position() {
    return samples.epoch(row) * plan.samplesOf(samples.source(row)) + samples.index(row);
  }

  /** The cursor of the step after the present one. */
  public Cursor next() {
    return next;
  }
}
