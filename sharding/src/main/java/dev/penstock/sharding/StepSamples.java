package dev.penstock.sharding;

import java.util.Arrays;

/**
 * The rows of one step for one rank, filled by {@link RankView#fill}. Reused from step to step; not
 * thread-safe.
 */
public final class StepSamples {
  private int count;
  private long epoch;
  private long step;
  private long[] samples = new long[0];
  private int[] shards = new int[0];
  private int[] ordinals = new int[0];
  private long[] epochs = new long[0];
  private long[] indexes = new long[0];
  private int[] lanes = new int[0];
  private int[] sources = new int[0];
  private int[] packs = new int[0];
  private int[] starts = new int[0];
  private boolean[] valid = new boolean[0];

  /** Rows of this rank. */
  public int count() {
    return count;
  }

  /** The epoch in which the step begins: the same for every rank, whatever its rows are of. */
  public long epoch() {
    return epoch;
  }

  /** The number of the step since the run's first start. */
  public long step() {
    return step;
  }

  /** The sample's number in the dataset (or {@link Selection}), in stored order. */
  public long sample(int row) {
    return samples[row];
  }

  public int shard(int row) {
    return shards[row];
  }

  /** The sample's number in its stored shard. */
  public int ordinal(int row) {
    return ordinals[row];
  }

  public long epoch(int row) {
    return epochs[row];
  }

  /** The row's index in its epoch; for padding, the index that it repeats. */
  public long index(int row) {
    return indexes[row];
  }

  /** The source that the row came from; 0 unless the plan is a mixture. */
  public int source(int row) {
    return sources[row];
  }

  /** The pack of this rank's step that the row is laid into; 0 unless the plan packs. */
  public int pack(int row) {
    return packs[row];
  }

  /** The first token of the sample that the row has; 0 unless the plan splits samples. */
  public int start(int row) {
    return starts[row];
  }

  public int lane(int row) {
    return lanes[row];
  }

  /** Whether the row counts; false for padding. */
  public boolean valid(int row) {
    return valid[row];
  }

  void begin(long newEpoch, long newStep, int rows) {
    epoch = newEpoch;
    step = newStep;
    count = rows;
    if (samples.length < rows) {
      samples = new long[rows];
      shards = new int[rows];
      ordinals = new int[rows];
      epochs = new long[rows];
      indexes = new long[rows];
      lanes = new int[rows];
      sources = new int[rows];
      packs = new int[rows];
      starts = new int[rows];
      valid = new boolean[rows];
    }
  }

  void place(int row, long epoch, long index, int lane, boolean counts) {
    epochs[row] = epoch;
    indexes[row] = index;
    lanes[row] = lane;
    valid[row] = counts;
  }

  /** Takes a row of another step. */
  void copy(int row, StepSamples from, int i, int pack, int start) {
    samples[row] = from.samples[i];
    shards[row] = from.shards[i];
    ordinals[row] = from.ordinals[i];
    epochs[row] = from.epochs[i];
    indexes[row] = from.indexes[i];
    lanes[row] = from.lanes[i];
    sources[row] = from.sources[i];
    valid[row] = from.valid[i];
    packs[row] = pack;
    starts[row] = start;
  }

  /** Says which source a row came from, and its place there. */
  void from(int row, int source, long epoch, long index) {
    sources[row] = source;
    epochs[row] = epoch;
    indexes[row] = index;
  }

  void locate(int row, DatasetShape shape, long sample) {
    int shard = shape.shardOf(sample);
    int number = (int) (sample - shape.firstSample(shard));
    locate(row, sample, shard, shape.storedOrdinal(shard, number));
  }

  void locate(int row, long sample, int shard, int ordinal) {
    samples[row] = sample;
    shards[row] = shard;
    ordinals[row] = ordinal;
  }

  @Override
  public String toString() {
    return "step " + step + ": samples " + Arrays.toString(Arrays.copyOf(samples, count));
  }
}
