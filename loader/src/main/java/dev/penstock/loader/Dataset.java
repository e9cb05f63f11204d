package dev.penstock.loader;

import dev.penstock.cache.DatasetLocator;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.FieldNames;
import dev.penstock.formats.MalformedRecordException;
import dev.penstock.formats.RecordFormat;
import dev.penstock.formats.ShardIndex;
import dev.penstock.sharding.DatasetShape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An ordered list of shards and what their indexes say: how many samples, how large, which fields.
 * Indexes are read on demand and kept within the engine's bound. Several datasets can be seen as
 * one, one behind the other, as a mixture's session needs them. Immutable but for the indexes that
 * are in memory; thread-safe.
 */
public final class Dataset {
  private final List<StoredObject> objects;
  private final IndexStore store;
  private final DatasetSummary summary;
  private final RecordFormat format;
  private final FieldNames names = new FieldNames();
  private final IndexCache indexes;
  private final Object owner;

  /** The datasets that this one consists of; empty if it is one itself. */
  private final List<Dataset> parts;

  private final int[] firstShards;
  private final Selections selections = new Selections(this);

  private Dataset(
      List<StoredObject> objects,
      IndexStore store,
      DatasetSummary summary,
      IndexCache indexes,
      Object owner,
      List<Dataset> parts) {
    this.indexes = indexes;
    this.owner = owner;
    this.objects = List.copyOf(objects);
    this.store = store;
    this.summary = summary;
    this.format = summary.format();
    this.parts = List.copyOf(parts);
    this.firstShards = new int[parts.size()];
    for (int i = 1; i < firstShards.length; i++) {
      firstShards[i] = firstShards[i - 1] + parts.get(i - 1).shardCount();
    }
    summary.fieldNames().forEach(names::intern);
  }

  /** Opens the shards' indexes, or returns {@code known} if nothing changed since. */
  static Dataset open(
      Engine engine,
      List<String> patterns,
      boolean rawRecords,
      @Nullable Dataset known,
      IndexCache indexes)
      throws IOException {
    List<StoredObject> objects = DatasetLocator.resolve(patterns, engine.origins());
    if (known != null && known.objects.equals(objects)) {
      return known;
    }
    IndexStore store = new IndexStore(engine, rawRecords);
    Object owner = new Object();
    DatasetSummary summary =
        DatasetSummary.of(
            objects,
            store,
            engine.config().cpus(),
            (shard, index) -> indexes.put(owner, shard, index));
    return new Dataset(objects, store, summary, indexes, owner, List.of());
  }

  /**
   * Datasets one behind the other. Its shards are numbered through all of them.
   *
   * @param weights of the parts, for the mean size of a sample
   * @throws IllegalArgumentException if their formats differ
   */
  static Dataset joined(List<Dataset> parts, List<Double> weights) {
    List<StoredObject> objects = new ArrayList<>();
    parts.forEach(part -> objects.addAll(part.objects));
    Dataset first = parts.getFirst();
    for (Dataset part : parts) {
      if (!part.format.equals(first.format)) {
        throw new IllegalArgumentException(
            "mix: %s is %s but %s is %s; a mixture has shards of one format"
                .formatted(
                    first.objects.getFirst().location(),
                    first.format.kind(),
                    part.objects.getFirst().location(),
                    part.format.kind()));
      }
    }
    DatasetSummary summary =
        DatasetSummary.joined(parts.stream().map(part -> part.summary).toList(), weights);
    return new Dataset(objects, first.store, summary, first.indexes, new Object(), parts);
  }

  /** The part that a shard belongs to; 0 unless datasets were joined. */
  int partOf(int shard) {
    int found = Arrays.binarySearch(firstShards, shard);
    return Math.max(0, found < 0 ? -found - 2 : found);
  }

  /** The number of a part's first shard. */
  int firstShard(int part) {
    return parts.isEmpty() ? 0 : firstShards[part];
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

  /**
   * Throws if the framing of a shard breaks somewhere, so that the samples behind cannot be found.
   *
   * @throws MalformedRecordException that names the first such shard and place
   */
  void requireWhole() throws MalformedRecordException {
    if (summary.damage().isPresent()) {
      throw summary.damage().get().failure();
    }
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
    if (!parts.isEmpty()) {
      int part = partOf(shard);
      return parts.get(part).index(shard - firstShards[part]);
    }
    ShardIndex index = indexes.get(owner, shard);
    if (index == null) {
      index = store.load(objects.get(shard)).index();
      indexes.put(owner, shard, index);
    }
    return index;
  }

  /** The index of a shard if it is in memory; costs no input. */
  @Nullable ShardIndex indexInMemory(int shard) {
    if (!parts.isEmpty()) {
      int part = partOf(shard);
      return parts.get(part).indexInMemory(shard - firstShards[part]);
    }
    return indexes.get(owner, shard);
  }

  /**
   * The key of a sample by its number in its shard.
   *
   * @throws IOException if the shard's index cannot be read
   */
  public String key(int shard, int ordinal) throws IOException {
    return index(shard).key(ordinal);
  }

  /**
   * The samples that all filters keep, as a dataset of its own.
   *
   * @throws IOException if an index, or a file of keys, cannot be read
   * @throws IllegalArgumentException if nothing is kept
   */
  DatasetShape shape(List<SampleFilter> filters) throws IOException {
    return filters.isEmpty() ? shape() : selections.of(shape(), filters);
  }

  /**
   * What those shards that a fingerprint is of are now, if only others came behind them; empty if
   * any of them is another, or gone.
   *
   * @throws IOException if an index cannot be read
   */
  Optional<DatasetShape> before(String fingerprint, List<SampleFilter> filters) throws IOException {
    int shards = Fingerprint.shards(fingerprint);
    if (shards < 0 || shards >= shardCount()) {
      return Optional.empty();
    }
    Fingerprint now = new Fingerprint();
    for (int shard = 0; shard < shards; shard++) {
      ShardIndex index = index(shard);
      now.add(objects.get(shard), index.sampleCount(), index.digest());
    }
    String found = now.finish();
    if (!found.equals(Fingerprint.dataset(fingerprint))) {
      return Optional.empty();
    }
    DatasetShape first = shape().first(shards, found);
    return Optional.of(filters.isEmpty() ? first : selections.of(first, filters));
  }

  /** Bytes in front of the elements in the first sample that has the field: 0 if it is raw. */
  int npyHeaderBytes(String field) throws IOException {
    return new ColumnChoice(this, store).npyHeaderBytes(field);
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
