package dev.penstock.loader;

import dev.penstock.cache.NextUse;
import dev.penstock.formats.ShardIndex;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.OrderSpec;
import dev.penstock.sharding.Plan;
import java.io.IOException;

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
  private final Plan order;
  private final Cursor start;
  private final long slotBytes;

  // The look-ahead's place in the plan, for next use. Volatile: one writer, many readers, any
  // recent
  // value will do.
  private volatile long position;

  private SessionPlan(
      SessionConfig config, Dataset dataset, BatchSchema schema, Plan order, Cursor start) {
    this.config = config;
    this.dataset = dataset;
    this.schema = schema;
    this.order = order;
    this.start = start;
    this.slotBytes = BatchWriter.slotBytes(schema, config.batchSize(), dataBytes());
  }

  static SessionPlan of(SessionConfig config, Dataset dataset) throws IOException {
    Plan order = order(config, dataset);
    Cursor start = config.cursor().map(order::resume).orElseGet(order::start);
    BatchSchema schema = BatchSchema.of(dataset.columns(config.fields()));
    return new SessionPlan(config, dataset, schema, order, start);
  }

  /**
   * The order of a configuration: the saved one if there is a cursor, else the defaults for dataset
   * and global batch, with overrides.
   */
  static Plan order(SessionConfig config, Dataset dataset) {
    OrderSpec spec =
        config
            .cursor()
            .map(cursor -> cursor.spec().withGlobalBatch(config.globalBatch()))
            .orElseGet(
                () ->
                    OrderSpec.defaults(
                        dataset.shape(),
                        config.shuffle(),
                        config.end(),
                        config.seed(),
                        config.globalBatch()));
    if (config.lanes().isPresent()) {
      spec = spec.withLanes(config.lanes().getAsInt());
    }
    if (config.window().isPresent()) {
      spec = spec.withWindow(config.window().getAsInt());
    }
    if (config.groups().isPresent()) {
      spec = spec.withGroups(config.groups().getAsInt());
    }
    if (config.extentSamples().isPresent()) {
      spec = spec.withExtentSamples(config.extentSamples().getAsInt());
    }
    return Plan.of(dataset.shape(), spec);
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

  /** The data. */
  public Dataset dataset() {
    return dataset;
  }

  /** The columns of its batches. */
  public BatchSchema schema() {
    return schema;
  }

  /** The order. */
  public Plan order() {
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

  void position(Cursor cursor) {
    position = cursor.epoch() * order.shape().sampleCount() + cursor.index();
  }

  /** What the order says of the next use of a shard's bytes. */
  NextUse nextUse() {
    return new NextUse() {
      @Override
      public long after(int shard, long offset, long length) {
        // Asked under the cache's lock: never waits for an index that was let go. Then the shard's
        // first use stands for that of its bytes.
        ShardIndex index = dataset.indexInMemory(shard);
        int from = index == null ? 0 : sampleAt(index, offset);
        int to =
            index == null
                ? dataset.shape().samplesIn(shard)
                : sampleAt(index, offset + length - 1) + 1;
        long next = order.nextUse(shard, from, to, position);
        return next == Plan.NEVER ? NextUse.NEVER : next;
      }

      @Override
      public long position() {
        return position;
      }

      @Override
      public long epochLength() {
        return order.shape().sampleCount();
      }
    };
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

  /** How many samples may stand in for a bad one, one after the other. */
  long substitutes(long epoch, long index) {
    return order.substitutes(epoch, index);
  }

  /** The sample that stands in for a bad one at the {@code attempt}-th attempt, from 1. */
  long substitute(long epoch, long index, int attempt) {
    return order.sampleAt(epoch, order.substituteIndex(epoch, index, attempt));
  }
}
