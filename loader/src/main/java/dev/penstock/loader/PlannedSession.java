package dev.penstock.loader;

import dev.penstock.cache.NextUse;
import dev.penstock.formats.FieldNames;
import dev.penstock.formats.RecordFormat;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.DatasetShape;
import dev.penstock.sharding.GroupedPlan;
import dev.penstock.sharding.StepPlan;
import dev.penstock.sharding.StepSamples;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A session over indexed data: which samples make each step is known before any is read. */
public final class PlannedSession extends SessionPlan {
  /** Standard deviations above the mean that a batch's size is allowed for. */
  private static final double SIZE_DEVIATIONS = 6;

  private final Dataset dataset;
  private final StepPlan order;
  private final Cursor start;
  private final PlannedUse nextUse;
  private final int cursorBytes;
  private final long slotBytes;

  /** A sample by its shard, numbered through all sources, and its stored number there. */
  record Place(int shard, int ordinal) {}

  private PlannedSession(
      SessionConfig config, Dataset dataset, BatchSchema schema, SessionOrder order) {
    super(config, schema);
    this.dataset = dataset;
    this.order = order.plan();
    this.start = order.start();
    this.nextUse = PlannedUse.of(this.order, dataset);
    this.cursorBytes = CursorJson.write(this.order.longest()).length;
    int rows = likelyRows();
    this.slotBytes = BatchWriter.slotBytes(schema, rows, dataBytes(rows), cursorBytes);
  }

  /** Of one dataset. */
  static PlannedSession of(SessionConfig config, Dataset dataset) throws IOException {
    SessionOrder order = SessionOrder.of(config, dataset, lengths(config, dataset));
    return new PlannedSession(config, dataset, schema(config, dataset), order);
  }

  /** Of the datasets of the configuration's mixture. */
  static PlannedSession of(SessionConfig config, List<Dataset> sources) throws IOException {
    Dataset joined =
        Dataset.joined(sources, config.mix().stream().map(DataSource::weight).toList());
    SessionOrder order = SessionOrder.ofMixture(config, sources, lengths(config, joined));
    return new PlannedSession(config, joined, schema(config, joined), order);
  }

  private static BatchSchema schema(SessionConfig config, Dataset dataset) throws IOException {
    boolean packs = config.batching().filter(batching -> batching.kind().packs()).isPresent();
    boolean splits = config.batching().filter(Batching::splits).isPresent();
    return BatchSchema.of(dataset.columns(config.fields()), !config.mix().isEmpty(), packs, splits);
  }

  /** What batches by lengths go by; null if batches have a fixed number of rows. */
  private static @Nullable TokenLengths lengths(SessionConfig config, Dataset dataset)
      throws IOException {
    if (config.batching().isEmpty()) {
      return null;
    }
    String name = config.batching().get().field();
    for (FieldSpec field : config.fields()) {
      if (field.name().equals(name)) {
        return new TokenLengths(dataset, field);
      }
    }
    throw new IllegalArgumentException(
        "batching by the lengths of field '%s', which is not delivered; declare it among the fields, as %s:u16[]"
            .formatted(name, name));
  }

  /**
   * Rows that a batch is expected not to exceed. Batches by lengths have as many as they happen to
   * have: those of the first step, and a quarter more.
   */
  private int likelyRows() {
    if (!(order instanceof GroupedPlan)) {
      return config().batchSize();
    }
    StepSamples first = new StepSamples();
    order.rank(config().rank(), config().world()).fill(start, first);
    return Math.max(config().batchSize(), first.count() + first.count() / 4 + 16);
  }

  /**
   * Bytes of variable-size data that a batch is expected not to exceed: the mean plus six standard
   * deviations plus one largest sample, or all samples of the largest size if that is less. A batch
   * that exceeds it makes its ring grow.
   */
  private long dataBytes(int rows) {
    double spread = SIZE_DEVIATIONS * Math.sqrt(rows) * dataset.sampleBytesDeviation();
    double likely = rows * dataset.sampleBytesMean() + spread + dataset.sampleBytesMax();
    double most = (double) rows * dataset.sampleBytesMax();
    return (long) Math.min(likely, most);
  }

  @Override
  public Dataset dataset() {
    return dataset;
  }

  @Override
  public StepPlan order() {
    return order;
  }

  @Override
  public Cursor start() {
    return start;
  }

  @Override
  public long slotBytes() {
    return slotBytes;
  }

  @Override
  public long indexNanos() {
    return dataset.indexNanos();
  }

  @Override
  int cursorBytes() {
    return cursorBytes;
  }

  void position(Cursor cursor, long sequence) {
    nextUse.moveTo(cursor, sequence);
  }

  @Override
  void began(long sequence) {
    nextUse.began(sequence);
  }

  @Override
  NextUse nextUse() {
    return nextUse;
  }

  /** The number of a source's shard among the shards of {@link #dataset}. */
  public int shard(int source, int shard) {
    return dataset.firstShard(source) + shard;
  }

  @Override
  public OptionalLong stepsPerEpoch() {
    return OptionalLong.of(order.stepsPerEpoch());
  }

  @Override
  public String orderId() {
    return order.orderId();
  }

  @Override
  public String describe() {
    return order.describe();
  }

  @Override
  public List<String> locations() {
    List<String> locations = new ArrayList<>();
    for (int shard = 0; shard < dataset.shardCount(); shard++) {
      locations.add(dataset.object(shard).location());
    }
    return locations;
  }

  @Override
  RecordFormat format() {
    return dataset.format();
  }

  @Override
  FieldNames names() {
    return dataset.names();
  }

  @Override
  long sampleNumber(ShardView shard, int sample) {
    return dataset.shape().firstSample(shard.number) + sample;
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
