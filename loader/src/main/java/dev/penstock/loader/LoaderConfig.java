package dev.penstock.loader;

import dev.penstock.bridge.ReadMode;
import dev.penstock.sharding.End;
import dev.penstock.sharding.Position;
import dev.penstock.sharding.Shuffle;
import dev.penstock.sharding.UsedUp;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Everything {@link Loader#open} needs. Immutable; made by {@link #builder}.
 *
 * @param engine memory, threads and the way of reading
 * @param session the data, its order and its batches
 * @param slots how many batches may wait or be held by the consumer, at least 2
 */
public record LoaderConfig(EngineConfig engine, SessionConfig session, int slots) {
  /** Batches that may wait or be held, unless told otherwise. */
  public static final int DEFAULT_SLOTS = 4;

  /** Checks ranges. */
  public LoaderConfig {
    if (slots < 2) {
      throw new IllegalArgumentException(
          "--slots: value is too small (%d), at least 2 is required so that one batch can be filled while another is read"
              .formatted(slots));
    }
  }

  /** A builder with defaults for these paths, patterns or lists. */
  public static Builder builder(List<String> dataset) {
    return new Builder(dataset);
  }

  /** A builder with defaults for one path, pattern or list. */
  public static Builder builder(String dataset) {
    return new Builder(List.of(dataset));
  }

  /** A builder with defaults for a mixture of sources, or of groups of them, by weight. */
  public static Builder mixture(List<? extends DataPart> parts) {
    Builder builder = new Builder(List.of());
    builder.mix = DataPart.flatten(parts);
    return builder;
  }

  /** Collects a configuration; checked when built. Not thread-safe. */
  public static final class Builder {
    private final List<String> dataset;
    private int batchSize = 64;
    private int rank;
    private int world = 1;
    private Shuffle shuffle = Shuffle.BLOCK;
    private long seed;
    private OptionalLong epochs = OptionalLong.empty();
    private End end = End.DROP;
    private List<FieldSpec> fields = List.of();
    private BadSamplePolicy onBad = BadSamplePolicy.FAIL;
    private long maxBadSamples = SessionConfig.DEFAULT_MAX_BAD_SAMPLES;
    private Optional<Position> cursor = Optional.empty();
    private OptionalInt lanes = OptionalInt.empty();
    private OptionalInt window = OptionalInt.empty();
    private OptionalInt groups = OptionalInt.empty();
    private OptionalInt extentSamples = OptionalInt.empty();
    private boolean rawRecords;
    private List<DataSource> mix = List.of();
    private UsedUp usedUp = UsedUp.STOP;
    private List<SampleFilter> filters = List.of();
    private long skip;
    private Optional<Batching> batching = Optional.empty();
    private Optional<String> orderId = Optional.empty();
    private CacheUse cache = CacheUse.FULL;
    private int slots = DEFAULT_SLOTS;
    private EngineConfig engine = EngineConfig.embedded();

    private Builder(List<String> dataset) {
      this.dataset = List.copyOf(dataset);
    }

    /** Rows of this rank's batches. */
    public Builder batchSize(int rows) {
      batchSize = rows;
      return this;
    }

    /** This data-parallel rank. */
    public Builder rank(int value) {
      rank = value;
      return this;
    }

    /** Number of data-parallel ranks. */
    public Builder world(int ranks) {
      world = ranks;
      return this;
    }

    /** How an epoch is ordered. */
    public Builder shuffle(Shuffle value) {
      shuffle = value;
      return this;
    }

    /** Seed of the order. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** How many epochs, 0 for endless; 1 if this is not said, but arrival never ends. */
    public Builder epochs(long count) {
      epochs = OptionalLong.of(count);
      return this;
    }

    /** What happens to a last step that is not full. */
    public Builder end(End value) {
      end = value;
      return this;
    }

    /** The fields to deliver, in this order. */
    public Builder fields(List<FieldSpec> specs) {
      fields = List.copyOf(specs);
      return this;
    }

    /** What happens to bad samples. */
    public Builder onBad(BadSamplePolicy policy) {
      onBad = policy;
      return this;
    }

    /** How many bad samples are tolerated before their share counts. */
    public Builder maxBadSamples(long count) {
      maxBadSamples = count;
      return this;
    }

    /**
     * Where to go on. A mixture whose weights are not those of the cursor takes them up from there.
     */
    public Builder cursor(Position value) {
      cursor = Optional.of(value);
      return this;
    }

    /** Overrides the default number of lanes. */
    public Builder lanes(int count) {
      lanes = OptionalInt.of(count);
      return this;
    }

    /** Overrides the default window, in samples of a lane. */
    public Builder window(int samples) {
      window = OptionalInt.of(samples);
      return this;
    }

    /** Overrides the default number of groups. */
    public Builder groups(int count) {
      groups = OptionalInt.of(count);
      return this;
    }

    /** Overrides the default extent, in samples. */
    public Builder extentSamples(int samples) {
      extentSamples = OptionalInt.of(samples);
      return this;
    }

    /** Delivers TFRecord payloads whole as the field {@code record}. */
    public Builder rawRecords(boolean value) {
      rawRecords = value;
      return this;
    }

    /** What a mixture does when a source of so many epochs is used up. */
    public Builder usedUp(UsedUp value) {
      usedUp = value;
      return this;
    }

    /** Keeps the samples that pass all of these: a part of the data as a dataset of its own. */
    public Builder filters(List<SampleFilter> values) {
      filters = List.copyOf(values);
      return this;
    }

    /** Leaves out so many steps from the start or the cursor on; goes back if negative. */
    public Builder skip(long steps) {
      skip = steps;
      return this;
    }

    /** Batches by the samples' lengths: packs, buckets, token budgets. */
    public Builder batching(Batching value) {
      batching = Optional.of(value);
      return this;
    }

    /** The order id of the other ranks: opening fails if this one's is another. */
    public Builder orderId(String hex) {
      orderId = Optional.of(hex);
      return this;
    }

    /** What this session leaves on the cache directories; nothing if its data is read once. */
    public Builder cache(CacheUse value) {
      cache = value;
      return this;
    }

    /** How many batches may wait or be held. */
    public Builder slots(int count) {
      slots = count;
      return this;
    }

    /** The byte budget. */
    public Builder memoryBytes(long bytes) {
      return engine(engine.withMemoryBytes(bytes));
    }

    /** Threads that decode and gather. */
    public Builder cpus(int count) {
      return engine(engine.withCpus(count));
    }

    /** How files are read. */
    public Builder readMode(ReadMode mode) {
      return engine(engine.withReadMode(mode));
    }

    /** Whether blocks stay cached after their last use. */
    public Builder ramTier(boolean on) {
      return engine(engine.withRamTier(on));
    }

    /** Where shard indexes are kept. */
    public Builder indexDirectory(Path directory) {
      return engine(engine.withIndexDirectory(Optional.of(directory)));
    }

    /** How stores that are asked over the network are reached ({@code docs/remote.md}). */
    public Builder originOptions(Map<String, String> options) {
      return engine(engine.withOriginOptions(options));
    }

    /** Memory, threads and the way of reading, all at once. */
    public Builder engine(EngineConfig value) {
      engine = value;
      return this;
    }

    /**
     * The checked configuration.
     *
     * @throws IllegalArgumentException naming the option, its value and what is accepted
     */
    public LoaderConfig build() {
      SessionConfig session =
          new SessionConfig(
              dataset,
              batchSize,
              rank,
              world,
              shuffle,
              seed,
              epochs.orElse(shuffle == Shuffle.ARRIVAL ? 0 : 1),
              end,
              fields,
              onBad,
              maxBadSamples,
              cursor,
              lanes,
              window,
              groups,
              extentSamples,
              rawRecords,
              mix,
              usedUp,
              filters,
              skip,
              batching,
              orderId,
              cache);
      return new LoaderConfig(engine, session, slots);
    }
  }
}
