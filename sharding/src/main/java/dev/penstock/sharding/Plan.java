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

  /** The dataset before epoch {@link #growsAt}. */
  private final DatasetShape earlier;

  private final long growsAt;

  private Plan(
      DatasetShape shape,
      OrderSpec spec,
      Steps steps,
      Order order,
      DatasetShape earlier,
      long growsAt) {
    this.shape = shape;
    this.spec = spec;
    this.steps = steps;
    this.order = order;
    this.earlier = earlier;
    this.growsAt = growsAt;
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
    Steps steps = new Steps(samples, spec.globalBatch(), spec.end());
    return new Plan(shape, spec, steps, Order.of(shape, spec), shape, 0);
  }

  /**
   * The plan of a dataset to which shards are appended: a run finishes its epoch on the old list
   * and goes on with the new one. Cursors before that epoch name the old dataset, later ones the
   * new.
   *
   * @param before the dataset that the run began with
   * @param now the same shards and more behind them
   * @param growsAt the first epoch of the new list, as a rule the saved cursor's next
   */
  public static Plan grown(DatasetShape before, DatasetShape now, OrderSpec spec, long growsAt) {
    Plan earlier = of(before, spec);
    Plan later = of(now, spec);
    for (int shard = 0; shard < before.shardCount(); shard++) {
      if (shard >= now.shardCount() || before.samplesIn(shard) != now.samplesIn(shard)) {
        throw new IllegalArgumentException(
            "growing "
                + before
                + " to "
                + now
                + ": shard "
                + shard
                + " is not the same; only shards behind the last may be new");
      }
    }
    if (growsAt <= 0) {
      return new Plan(now, spec, later.steps, later.order, before, 0);
    }
    Steps steps = new GrownSteps(earlier.steps, growsAt, now.sampleCount());
    Order order = new GrownOrder(before, earlier.order, later.order, growsAt);
    return new Plan(now, spec, steps, order, before, growsAt);
  }

  /** The dataset; with shards appended, the new one. */
  public DatasetShape shape() {
    return shape;
  }

  public OrderSpec spec() {
    return spec;
  }

  /** The order of each epoch's samples. */
  Order order() {
    return order;
  }

  /** The first epoch of {@link #shape}: 0 unless shards were appended. */
  long growsAt() {
    return growsAt;
  }

  @Override
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
          case ARRIVAL -> throw new IllegalStateException("no plan is of " + spec.shuffle());
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
  public double readAmplification(int world) {
    return StepPlan.readAmplification(spec.shuffle(), spec.lanes(), spec.globalBatch(), world);
  }

  @Override
  public long samplesOf(int source) {
    return shape.sampleCount();
  }

  @Override
  public int sources() {
    return 1;
  }

  @Override
  public DatasetShape shape(int source) {
    return shape;
  }

  @Override
  public int lanes() {
    return spec.lanes();
  }

  @Override
  public int globalBatch() {
    return spec.globalBatch();
  }

  @Override
  public long substitutes(int source, long epoch, long index) {
    return substitutes(epoch, index);
  }

  @Override
  public long substitute(int source, long epoch, long index, int attempt) {
    return sampleAt(epoch, substituteIndex(epoch, index, attempt));
  }

  @Override
  public Cursor longest() {
    Cursor start = start();
    boolean longer = earlier.fingerprint().length() > shape.fingerprint().length();
    return start
        .named((longer ? earlier : shape).fingerprint())
        .at(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE);
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
   * The index whose sample stands in for a bad one at an index, at the given attempt from 1 on: the
   * next in the same window, round its end; without windows, in the epoch. Attempts beyond {@link
   * #substitutes} only repeat.
   */
  public long substituteIndex(long epoch, long index, int attempt) {
    return order.substitute(epoch, inEpoch("index", epoch, index), attempt);
  }

  /** How many other samples can stand in for the one at an index. */
  public long substitutes(long epoch, long index) {
    return order.windowSize(epoch, inEpoch("index", epoch, index)) - 1;
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
    for (long e = epoch; e <= epoch + 1; e++) {
      long index = order.nextIndex(e, first, last, above);
      if (index >= 0 && index < readIn(e)) {
        return e * samples + index;
      }
      above = -1;
    }
    return NEVER;
  }

  /** Indexes of an epoch that steps from its start read. */
  private long readIn(long epoch) {
    long samples = steps.samples(epoch);
    return spec.end() == End.DROP ? samples - samples % spec.globalBatch() : samples;
  }

  @Override
  public Cursor start() {
    return new Cursor(
        Keyed.ALGORITHM_VERSION,
        fingerprint(0),
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
        List.of(),
        null);
  }

  @Override
  public boolean ended(Cursor at, long epochs) {
    return epochs > 0 && normal(at).epoch() >= epochs;
  }

  @Override
  public Cursor after(Cursor at, long count) {
    return named(steps.after(own(at), count));
  }

  /**
   * Takes up a saved cursor. The global batch may be another; all else has to be the same.
   *
   * @throws IllegalArgumentException saying what changed
   */
  @Override
  public Cursor resume(Cursor saved) {
    Cursor start = start().named(fingerprint(saved.epoch()));
    // Before the first step of an epoch nothing of its list was read.
    boolean atGrowth = saved.epoch() == growsAt && saved.index() == 0;
    boolean old = atGrowth && saved.fingerprint().equals(earlier.fingerprint());
    Resumption.check(start, old ? saved.named(start.fingerprint()) : saved, shape);
    return named(steps.normal(start.at(saved.epoch(), saved.index(), saved.step())));
  }

  @Override
  public RankView rank(int rank, int world) {
    return new LaneView(this, steps, spec.lanes(), order.locator(), rank, world);
  }

  @Override
  public LookAhead lookAhead(int rank, int world, Cursor start, long epochs) {
    return new LookAhead(this, rank(rank, world), start, epochs);
  }

  @Override
  public String orderId() {
    String both = earlier.fingerprint() + ">" + growsAt + ">" + shape.fingerprint();
    return OrderId.of(growsAt == 0 ? start() : start().named(both));
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
    return named(steps.normal(own(at)));
  }

  private Cursor named(Cursor at) {
    return at.named(fingerprint(at.epoch()));
  }

  private String fingerprint(long epoch) {
    return (epoch < growsAt ? earlier : shape).fingerprint();
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
        || !at.fingerprint().equals(fingerprint(at.epoch()))) {
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
    if (epoch < 0 || number < 0 || number >= steps.samples(epoch)) {
      throw new IndexOutOfBoundsException(
          name
              + " "
              + number
              + " of epoch "
              + epoch
              + ": it has "
              + steps.samples(epoch)
              + " samples");
    }
    return number;
  }
}
