package dev.penstock.loader;

import dev.penstock.cache.NextUse;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.DatasetShape;
import dev.penstock.sharding.StepPlan;
import java.io.IOException;
import java.util.List;

/**
 * What a session is going to do, known before any sample is read: order, columns, and how large the
 * ring's slots have to be. Thread-safe.
 */
public final class SessionPlan {
  /** Standard deviations above the mean that a batch's size is allowed for. */
  private static final double SIZE_DEVIATIONS = 6;

  private final SessionConfig config;
  private final Dataset dataset;
  private final BatchSchema schema;
  private final StepPlan order;
  private final Cursor start;
  private final PlannedUse nextUse;
  private final int cursorBytes;
  private final long slotBytes;

  /** A sample by its shard, numbered through all sources, and its stored number there. */
  record Place(int shard, int ordinal) {}

  private SessionPlan(
      SessionConfig config, Dataset dataset, BatchSchema schema, SessionOrder order) {
    this.config = config;
    this.dataset = dataset;
    this.schema = schema;
    this.order = order.plan();
    this.start = order.start();
    this.nextUse = PlannedUse.of(this.order, dataset);
    this.cursorBytes = CursorJson.write(this.order.longest()).length;
    this.slotBytes = BatchWriter.slotBytes(schema, config.batchSize(), dataBytes(), cursorBytes);
  }

  /** Of one dataset. */
  static SessionPlan of(SessionConfig config, Dataset dataset) throws IOException {
    BatchSchema schema = BatchSchema.of(dataset.columns(config.fields()));
    return new SessionPlan(config, dataset, schema, SessionOrder.of(config, dataset));
  }

  /** Of the datasets of the configuration's mixture. */
  static SessionPlan of(SessionConfig config, List<Dataset> sources) throws IOException {
    SessionOrder order = SessionOrder.ofMixture(config, sources);
    Dataset joined =
        Dataset.joined(sources, config.mix().stream().map(DataSource::weight).toList());
    BatchSchema schema = BatchSchema.ofMixture(joined.columns(config.fields()));
    return new SessionPlan(config, joined, schema, order);
  }

  /**
   * Bytes of variable-size data that a batch is expected not to exceed: the mean plus six standard
   * deviations plus one largest sample, or all samples of the largest size if that is less. A batch
   * that exceeds it makes its ring grow.
   */
  private long dataBytes() {
    int rows = config.batchSize();
    double spread = SIZE_DEVIATIONS * Math.sqrt(rows) * dataset.sampleBytesDeviation();
    double likely = rows * dataset.sampleBytesMean() + spread + dataset.sampleBytesMax();
    double most = (double) rows * dataset.sampleBytesMax();
    return (long) Math.min(likely, most);
  }

  /** What was asked for. */
  public SessionConfig config() {
    return config;
  }

  /** The data; of a mixture, all sources one behind the other. */
  public Dataset dataset() {
    return dataset;
  }

  /** The columns of its batches. */
  public BatchSchema schema() {
    return schema;
  }

  /** The order. */
  public StepPlan order() {
    return order;
  }

  /** Where the session starts. */
  public Cursor start() {
    return start;
  }

  /** Bytes a slot should have. */
  public long slotBytes() {
    return slotBytes;
  }

  /** Nanoseconds that building or reading the shard indexes took. */
  public long indexNanos() {
    return dataset.indexNanos();
  }

  /** Room for the cursor of any batch, in bytes. */
  int cursorBytes() {
    return cursorBytes;
  }

  void position(Cursor cursor) {
    nextUse.moveTo(cursor);
  }

  /** What the order says of the next use of a shard's bytes. */
  NextUse nextUse() {
    return nextUse;
  }

  /** The number of a source's shard among the shards of {@link #dataset}. */
  public int shard(int source, int shard) {
    return dataset.firstShard(source) + shard;
  }

  /** Names of a mixture's sources, in the order of their numbers; empty for one dataset. */
  public List<String> sourceNames() {
    return config.mix().stream().map(DataSource::name).toList();
  }

  /** How many samples may stand in for a bad one in a row, one after the other. */
  long substitutes(BatchWork work, int row) {
    return order.substitutes(work.sources[row], work.epochs[row], work.indexes[row]);
  }

  /** The sample that stands in for a row's bad one at the {@code attempt}-th attempt, from 1. */
  Place substitute(BatchWork work, int row, int attempt) {
    int source = work.sources[row];
    DatasetShape shape = order.shape(source);
    long sample = order.substitute(source, work.epochs[row], work.indexes[row], attempt);
    int shard = shape.shardOf(sample);
    int number = (int) (sample - shape.firstSample(shard));
    return new Place(shard(source, shard), shape.storedOrdinal(shard, number));
  }
}
