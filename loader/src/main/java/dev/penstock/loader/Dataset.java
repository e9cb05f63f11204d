package dev.penstock.loader;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.penstock.cache.DatasetLocator;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.FieldNames;
import dev.penstock.formats.RecordFormat;
import dev.penstock.formats.ShardIndex;
import dev.penstock.sharding.DatasetShape;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An ordered list of shards and what their indexes say: how many samples, how large, which fields.
 * Indexes are read on demand and kept within a bound. Immutable but for that; thread-safe.
 */
public final class Dataset {
  /** Heap that the indexes of one dataset may take before the least recently used go. */
  private static final long INDEX_CACHE_BYTES = 48L << 20;

  private final List<StoredObject> objects;
  private final IndexStore store;
  private final DatasetSummary summary;
  private final RecordFormat format;
  private final FieldNames names = new FieldNames();
  private final Cache<Integer, ShardIndex> indexes;

  private Dataset(
      List<StoredObject> objects,
      IndexStore store,
      DatasetSummary summary,
      Cache<Integer, ShardIndex> indexes) {
    this.indexes = indexes;
    this.objects = List.copyOf(objects);
    this.store = store;
    this.summary = summary;
    this.format = summary.format();
    summary.fieldNames().forEach(names::intern);
  }

  /** Opens the shards' indexes, or returns {@code known} if nothing changed since. */
  static Dataset open(
      Engine engine, List<String> patterns, boolean rawRecords, @Nullable Dataset known)
      throws IOException {
    return open(engine, patterns, rawRecords, known, INDEX_CACHE_BYTES);
  }

  /** The same with another bound on the heap that its indexes take. */
  static Dataset open(
      Engine engine,
      List<String> patterns,
      boolean rawRecords,
      @Nullable Dataset known,
      long indexCacheBytes)
      throws IOException {
    List<StoredObject> objects = DatasetLocator.resolve(patterns, engine.origins());
    if (known != null && known.objects.equals(objects)) {
      return known;
    }
    IndexStore store = new IndexStore(engine, rawRecords);
    Cache<Integer, ShardIndex> indexes = indexCache(indexCacheBytes);
    DatasetSummary summary =
        DatasetSummary.of(objects, store, engine.config().cpus(), indexes::put);
    return new Dataset(objects, store, summary, indexes);
  }

  private static Cache<Integer, ShardIndex> indexCache(long maxBytes) {
    return Caffeine.newBuilder()
        .maximumWeight(maxBytes)
        .weigher(
            (Integer shard, ShardIndex index) ->
                (int) Math.min(Integer.MAX_VALUE, index.heapBytes()))
        .executor(Runnable::run)
        .build();
  }

  /** Number of shards. */
  public int shardCount() {
    return objects.size();
  }

  /** Where a shard is stored. */
  public StoredObject object(int shard) {
    return objects.get(shard);
  }

  /** Sample counts and sizes by shard, as the order needs them. */
  public DatasetShape shape() {
    return summary.shape();
  }

  /** How its records lie in the shards. */
  public RecordFormat format() {
    return format;
  }

  /** Whether any shard is compressed. */
  public boolean isCompressed() {
    return summary.compressed();
  }

  /** Names of all fields, in the order in which shards have them. */
  public List<String> fieldNames() {
    return summary.fieldNames();
  }

  /** Size of the largest sample in decoded bytes, framing included. */
  public long sampleBytesMax() {
    return summary.sampleBytesMax();
  }

  /** Mean size of the samples in decoded bytes, framing included. */
  public double sampleBytesMean() {
    return summary.sampleBytesMean();
  }

  /** Standard deviation of the samples' sizes. */
  public double sampleBytesDeviation() {
    return summary.sampleBytesDeviation();
  }

  /** Nanoseconds that building or reading the shard indexes took. */
  public long indexNanos() {
    return summary.indexNanos();
  }

  /** Shards whose index had to be built when the dataset was opened. */
  public int indexesBuilt() {
    return summary.indexesBuilt();
  }

  /**
   * The index of a shard, read again if it was let go.
   *
   * @throws IOException if it cannot be read, nor built
   */
  public ShardIndex index(int shard) throws IOException {
    ShardIndex index = indexes.getIfPresent(shard);
    if (index == null) {
      index = store.load(objects.get(shard)).index();
      indexes.put(shard, index);
    }
    return index;
  }

  /** The index of a shard if it is in memory; costs no input. */
  @Nullable ShardIndex indexInMemory(int shard) {
    return indexes.getIfPresent(shard);
  }

  /**
   * The key of a sample by its number in the dataset.
   *
   * @throws IOException if the shard's index cannot be read
   */
  public String key(long sample) throws IOException {
    int shard = shape().shardOf(sample);
    return index(shard).key((int) (sample - shape().firstSample(shard)));
  }

  /** The dictionary that parsers of this dataset share. */
  FieldNames names() {
    return names;
  }

  /**
   * The columns for what was asked for: all fields if nothing was; npy fields get the shape of the
   * first sample that has them.
   *
   * @throws IllegalArgumentException if a field does not occur, listing those that do
   */
  List<FieldSpec> columns(List<FieldSpec> asked) throws IOException {
    return new ColumnChoice(this, store).choose(asked);
  }
}
