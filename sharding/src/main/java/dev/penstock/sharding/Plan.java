package dev.penstock.sharding;

import java.util.List;

/**
 * The order of one dataset: a pure function from (epoch, index) to sample and back, and the steps
 * over it. Thread-safe; what it hands out by {@link #rank} and {@link #lookAhead} is for one thread
 * each.
 */
public final class Plan implements StepPlan {
  /** Answer of {@link #nextUse} for samples that are not read again within the horizon. */
  public static final long NEVER = Long.MAX_VALUE;

  private final DatasetShape shape;
  private final OrderSpec spec;
  private final Steps steps;
  private final Order order;

  private Plan(DatasetShape shape, OrderSpec spec) {
    this.shape = shape;
    this.spec = spec;
    this.steps = new Steps(shape.sampleCount(), spec.globalBatch(), spec.end());
    this.order = Order.of(shape, spec);
  }

  /**
   * The plan of a dataset. Costs a pass over the shards and about 44 bytes a shard and 36 an
   * extent.
   *
   * @throws IllegalArgumentException if there is nothing to read or no step would be complete
   */
  public static Plan of(DatasetShape shape, OrderSpec spec) {
    long samples = shape.sampleCount();
    if (samples == 0) {
      throw new IllegalArgumentException("plan of " + shape + ": there are no samples to order");
    }
    if (spec.end() == End.DROP && samples < spec.globalBatch()) {
      throw new IllegalArgumentException(
          "plan of "
              + shape
              + ": fewer samples than the global batch of "
              + spec.globalBatch()
              + ", so that end = drop would leave no step; choose pad or carry, or a smaller"
              + " batch");
    }
    return new Plan(shape, spec);
  }

  public DatasetShape shape() {
    return shape;
  }

  public OrderSpec spec() {
    return spec;
  }

  /** Steps that start in an epoch; with {@code CARRY}, in the first one. */
  public long stepsPerEpoch() {
    return steps.perEpoch();
  }

  /** Steps of a run of so many epochs from the start. */
  public long steps(long epochs) {
    return steps.in(epochs);
  }

  /**
   * Samples that are within reach at once, for the whole job: divide by the hosts. One step for
   * stored order; everything for {@code GLOBAL}.
   */
  @Override
  public long workingSetSamples() {
    long wanted =
        switch (spec.shuffle()) {
          case NONE -> spec.globalBatch();
          case BLOCK -> (long) spec.lanes() * spec.window();
          case GLOBAL -> shape.sampleCount();
        };
    return Math.min(wanted, shape.sampleCount());
  }

  @Override
  public long workingSetBytes() {
    return Math.min(shape.totalBytes(), Math.round(workingSetSamples() * shape.meanSampleBytes()));
  }

  /**
   * Expected decoded bytes of an epoch by needed bytes, 1 or more, since a closed shard that is
   * entered in the middle is decoded from its start. For one host that reads all lanes; {@code
   * GLOBAL} is taken to read every sample by itself.
   */
  public double decodeWaste() {
    return order.decodeWaste();
  }

  @Override
  public long samplesOf(int source) {
    return shape.sampleCount();
  }

  /** The sample (0 to n − 1) at an index of an epoch. */
  public long sampleAt(long epoch, long index) {
    return order.sampleAt(epoch, inEpoch("index", epoch, index));
  }

  /** The index in an epoch at which a sample is read: the inverse of {@link #sampleAt}. */
  public long indexOf(long epoch, long sample) {
    return order.indexOf(epoch, inEpoch("sample", epoch, sample));
  }

  /**
   * The smallest position (epoch · n + index) above a given one, in its epoch or the next, at which
   * any rank reads one of the samples {@code [from, to)} of a shard; {@link #NEVER} if there is
   * none before the epoch after that. Rows that {@code DROP} leaves out do not count; repeats of
   * {@code PAD} are not foreseen. Thread-safe; microseconds for the range of a block.
   */
  public long nextUse(int shard, int from, int to, long position) {
    long samples = shape.sampleCount();
    long first = shape.firstSample(shard) + shape.selectedBelow(shard, from);
    long last = shape.firstSample(shard) + shape.selectedBelow(shard, to);
    long epoch = Math.floorDiv(position, samples);
    long above = position - epoch * samples;
    if (epoch < 0) {
      epoch = 0;
      above = -1;
    }
    long read = spec.end() == End.DROP ? steps.perEpoch() * spec.globalBatch() : samples;
    for (long e = epoch; e <= epoch + 1; e++) {
      long index = order.nextIndex(e, first, last, above);
      if (index >= 0 && index < read) {
        return e * samples + index;
      }
      above = -1;
    }
    return NEVER;
  }

  @Override
  public Cursor start() {
    return new Cursor(
        Keyed.ALGORITHM_VERSION,
        shape.fingerprint(),
        spec.shuffle(),
        spec.end(),
        spec.seed(),
        0,
        0,
        0,
        spec.globalBatch(),
        spec.lanes(),
        spec.window(),
        spec.groups(),
        spec.extentSamples(),
        List.of(),
        List.of());
  }

  @Override
  public boolean ended(Cursor at, long epochs) {
    return epochs > 0 && normal(at).epoch() >= epochs;
  }

  @Override
  public Cursor after(Cursor at, long count) {
    return steps.after(own(at), count);
  }

  /**
   * Takes up a saved cursor. The global batch may be another; all else has to be the same.
   *
   * @throws IllegalArgumentException saying what changed
   */
  @Override
  public Cursor resume(Cursor saved) {
    Cursor start = start();
    Resumption.check(start, saved, shape);
    return steps.normal(start.at(saved.epoch(), saved.index(), saved.step()));
  }

  @Override
  public RankView rank(int rank, int world) {
    return new RankView(this, steps, spec.lanes(), order.locator(), rank, world);
  }

  @Override
  public LookAhead lookAhead(int rank, int world, Cursor start, long epochs) {
    return new LookAhead(this, rank(rank, world), start, epochs);
  }

  @Override
  public String orderId() {
    return OrderId.of(start());
  }

  @Override
  public String describe() {
    return "%s, end %s, seed %d: %d samples in %d shards, %d steps of %d an epoch; %d lanes, window %d, %d groups, extents of %d samples; working set %d samples, %d bytes"
        .formatted(
            spec.shuffle(),
            spec.end(),
            spec.seed(),
            shape.sampleCount(),
            shape.shardCount(),
            stepsPerEpoch(),
            spec.globalBatch(),
            spec.lanes(),
            spec.window(),
            spec.groups(),
            spec.extentSamples(),
            workingSetSamples(),
            workingSetBytes());
  }

  @Override
  public Cursor normal(Cursor at) {
    return steps.normal(own(at));
  }

  private Cursor own(Cursor at) {
    if (at.globalBatch() != spec.globalBatch()
        || at.shuffle() != spec.shuffle()
        || at.end() != spec.end()
        || at.seed() != spec.seed()
        || at.lanes() != spec.lanes()
        || at.window() != spec.window()
        || at.groups() != spec.groups()
        || at.extentSamples() != spec.extentSamples()
        || !at.fingerprint().equals(shape.fingerprint())) {
      throw new IllegalArgumentException(
          "cursor of another order (fingerprint "
              + at.fingerprint()
              + ", seed "
              + at.seed()
              + ", globalBatch "
              + at.globalBatch()
              + "); take it up with resume first");
    }
    return at;
  }

  private long inEpoch(String name, long epoch, long number) {
    if (epoch < 0 || number < 0 || number >= shape.sampleCount()) {
      throw new IndexOutOfBoundsException(
          name
              + " "
              + number
              + " of epoch "
              + epoch
              + ": an epoch has "
              + shape.sampleCount()
              + " samples");
    }
    return number;
  }
}
