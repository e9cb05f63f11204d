package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;

/**
 * The order of a mixture. Its rows are counted from the run's start; a cursor's {@code index} is
 * that count. An epoch of a mixture is as many whole steps as its sources have samples together,
 * which says nothing of any source's own epochs. Mixing happens inside each lane, so that a lane of
 * every source stays in its lane, and per-source counts are exact over each cycle of the pattern.
 *
 * <p>The last item of a source's longer lanes, fewer than {@code L} samples in all, is not read in
 * that epoch; each epoch leaves out others.
 */
public final class MixturePlan implements StepPlan {
  /** Far beyond any run, far from overflow. */
  private static final long ENDLESS = 1L << 61;

  private final Mixture mixture;
  private final Order[] orders;
  private final long[] perLane;
  private final MixSchedule schedule;
  private final Steps steps;
  private final String fingerprint;

  private MixturePlan(Mixture mixture) {
    this.mixture = mixture;
    int sources = mixture.sources().size();
    this.orders = new Order[sources];
    this.perLane = new long[sources];
    StringBuilder names = new StringBuilder("mix");
    for (int d = 0; d < sources; d++) {
      DatasetShape shape = mixture.shapes().get(d);
      orders[d] = Order.of(shape, mixture.sourceSpec(d));
      perLane[d] = shape.sampleCount() / mixture.lanes();
      names.append('|').append(shape.fingerprint());
    }
    this.fingerprint = OrderId.of(names.toString());
    this.schedule = new MixSchedule(mixture, perLane);
    this.steps = new Steps(ENDLESS, mixture.globalBatch(), End.DROP);
  }

  /** The plan of a mixture; costs what the plans of its sources cost, and tables of its cycle. */
  public static MixturePlan of(Mixture mixture) {
    return new MixturePlan(mixture);
  }

  public Mixture mixture() {
    return mixture;
  }

  /** The order of a source's samples. */
  Order order(int source) {
    return orders[source];
  }

  @Override
  public Cursor start() {
    return cursor(0, 0);
  }

  /** After so many epochs' rows (after another batch size, so many or fewer), or sooner. */
  @Override
  public boolean ended(Cursor at, long epochs) {
    boolean over = epochs > 0 && own(at).index() > rowsOf(epochs) - mixture.globalBatch();
    return over || at.index() >= schedule.end();
  }

  /** Whole steps in as many rows as the sources have samples, at least one. */
  @Override
  public long stepsPerEpoch() {
    return Math.max(1, samples() / mixture.globalBatch());
  }

  /** Steps of so many epochs from the start, at most: finite sources may end the run before. */
  public long steps(long epochs) {
    return Math.multiplyExact(stepsPerEpoch(), epochs);
  }

  private long rowsOf(long epochs) {
    return Math.multiplyExact(steps(epochs), mixture.globalBatch());
  }

  private long samples() {
    long samples = 0;
    for (DatasetShape shape : mixture.shapes()) {
      samples += shape.sampleCount();
    }
    return samples;
  }

  @Override
  public Cursor after(Cursor at, long count) {
    long rows = Math.multiplyExact(Math.max(count, -own(at).step()), mixture.globalBatch());
    return cursor(Math.max(0, Math.addExact(at.index(), rows)), Math.max(0, at.step() + count));
  }

  @Override
  public Cursor normal(Cursor at) {
    return own(at);
  }

  /**
   * Takes up a saved cursor. The plan has to be that of {@link Mixture#resuming}, whose weights may
   * change from the cursor's position on.
   */
  @Override
  public Cursor resume(Cursor saved) {
    Resumption.checkMixture(cursor(saved.index(), saved.step()), saved);
    return cursor(saved.index(), saved.step());
  }

  @Override
  public RankView rank(int rank, int world) {
    Order.Locator[] locators = new Order.Locator[orders.length];
    for (int d = 0; d < locators.length; d++) {
      locators[d] = orders[d].locator();
    }
    MixtureLocator locator = new MixtureLocator(schedule, mixture.lanes(), perLane, locators);
    return new LaneView(this, steps, mixture.lanes(), locator, rank, world);
  }

  @Override
  public LookAhead lookAhead(int rank, int world, Cursor start, long epochs) {
    return new LookAhead(this, rank(rank, world), start, epochs);
  }

  /** Rows that a source has had in all lanes before a position. */
  public long rowsBefore(int source, long position) {
    MixStretch stretch = schedule.stretch(schedule.stretchAt(position));
    long rows = 0;
    for (int lane = 0; lane < mixture.lanes(); lane++) {
      rows += stretch.itemsBefore(lane, source, position);
    }
    return rows;
  }

  /**
   * A position after a given one at which samples {@code [from, to)} of a source's shard are read
   * next; {@link Plan#NEVER} if not in this or the next epoch of the source, or if it pauses. Exact
   * while the present weights last and but for lanes that differ by a few rows; a later change of
   * weights is not foreseen. Thread-safe.
   */
  public long nextUse(int source, int shard, int from, int to, long position) {
    DatasetShape shape = mixture.shapes().get(source);
    long next = Math.max(0, position + 1);
    MixStretch stretch = schedule.stretch(schedule.stretchAt(next));
    if (stretch.pattern().quota(source) == 0) {
      return Plan.NEVER;
    }
    long first = shape.firstSample(shard) + shape.selectedBelow(shard, from);
    long last = shape.firstSample(shard) + shape.selectedBelow(shard, to);
    long read = stretch.itemsBefore(0, source, next);
    long epoch = read / perLane[source];
    // Other lanes may be some rows behind the first.
    long above = Math.max(-1, (read % perLane[source] - 2) * mixture.lanes());
    for (long e = epoch; e <= epoch + 1; e++) {
      long index = orders[source].nextIndex(e, first, last, above);
      while (index >= 0 && index < perLane[source] * mixture.lanes()) {
        int lane = (int) (index % mixture.lanes());
        long item = e * perLane[source] + index / mixture.lanes();
        if (item >= stretch.itemsBefore(lane, source, next)) {
          return stretch.positionOf(lane, source, item);
        }
        index = orders[source].nextIndex(e, first, last, index);
      }
      above = -1;
    }
    return Plan.NEVER;
  }

  @Override
  public long workingSetSamples() {
    long samples = 0;
    for (int d = 0; d < orders.length; d++) {
      samples += sourceWorkingSet(d);
    }
    return samples;
  }

  @Override
  public long workingSetBytes() {
    long bytes = 0;
    for (int d = 0; d < orders.length; d++) {
      bytes += sourceWorkingSetBytes(d);
    }
    return bytes;
  }

  /** A source's part of the working set in decoded bytes, by the mean size of its samples. */
  public long sourceWorkingSetBytes(int source) {
    return Math.round(sourceWorkingSet(source) * mixture.shapes().get(source).meanSampleBytes());
  }

  /** The epoch of a source that its first lane is in at a position. */
  public long epochOf(int source, long position) {
    MixStretch stretch = schedule.stretch(schedule.stretchAt(position));
    return stretch.itemsBefore(0, source, position) / perLane[source];
  }

  @Override
  public int lanes() {
    return mixture.lanes();
  }

  @Override
  public int globalBatch() {
    return mixture.globalBatch();
  }

  @Override
  public double readAmplification(int world) {
    return StepPlan.readAmplification(
        mixture.shuffle(), mixture.lanes(), mixture.globalBatch(), world);
  }

  @Override
  public int sources() {
    return orders.length;
  }

  @Override
  public DatasetShape shape(int source) {
    return mixture.shapes().get(source);
  }

  @Override
  public long substitutes(int source, long epoch, long index) {
    return orders[source].windowSize(epoch, index) - 1;
  }

  @Override
  public long substitute(int source, long epoch, long index, int attempt) {
    return orders[source].sampleAt(epoch, orders[source].substitute(epoch, index, attempt));
  }

  /**
   * The entries of the weights' schedule up to and with one that holds at a position. A later one
   * is known only as far as it was asked for or follows from the end of a source.
   */
  public List<MixEntry> history(long position) {
    return schedule.history(position);
  }

  /** The cursor with the longest history that this plan can hand out. */
  @Override
  public Cursor longest() {
    return cursor(ENDLESS, ENDLESS);
  }

  @Override
  public long samplesOf(int source) {
    return mixture.shapes().get(source).sampleCount();
  }

  @Override
  public String orderId() {
    return OrderId.of(
        mixture.shuffle()
            + "|"
            + mixture.usedUp()
            + "|"
            + mixture.seed()
            + "|"
            + mixture.globalBatch()
            + "|"
            + mixture.lanes()
            + "|"
            + mixture.sources()
            + "|"
            + mixture.schedule());
  }

  @Override
  public String describe() {
    List<String> parts = new ArrayList<>();
    MixEntry entry = mixture.schedule().get(mixture.schedule().size() - 1);
    for (int d = 0; d < orders.length; d++) {
      SourceOrder source = mixture.sources().get(d);
      parts.add(
          "%s weight %s, %d samples, window %d, %d groups"
              .formatted(
                  source.name(),
                  entry.shares().get(d),
                  samplesOf(d),
                  source.window(),
                  source.groups()));
    }
    return "mixture, %s, seed %d, steps of %d, %d lanes, cycle %d: %s; working set %d samples, %d bytes"
        .formatted(
            mixture.shuffle(),
            mixture.seed(),
            mixture.globalBatch(),
            mixture.lanes(),
            entry.cycle(),
            String.join("; ", parts),
            workingSetSamples(),
            workingSetBytes());
  }

  private long sourceWorkingSet(int source) {
    long window = (long) mixture.lanes() * mixture.sources().get(source).window();
    long wanted =
        switch (mixture.shuffle()) {
          case NONE -> mixture.globalBatch();
          case BLOCK -> window;
          case GLOBAL -> samplesOf(source);
          case ARRIVAL -> throw new IllegalStateException("no mixture is of " + mixture.shuffle());
        };
    return Math.min(wanted, samplesOf(source));
  }

  private Cursor cursor(long index, long step) {
    return new Cursor(
        Keyed.ALGORITHM_VERSION,
        fingerprint,
        mixture.shuffle(),
        End.DROP,
        mixture.seed(),
        index / rowsOf(1),
        index,
        step,
        mixture.globalBatch(),
        mixture.lanes(),
        1,
        1,
        1,
        mixture.sources(),
        schedule.history(index),
        null);
  }

  private Cursor own(Cursor at) {
    if (at.globalBatch() != mixture.globalBatch()
        || at.seed() != mixture.seed()
        || at.lanes() != mixture.lanes()
        || !at.fingerprint().equals(fingerprint)) {
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
}
