package dev.penstock.loader;

import dev.penstock.sharding.ArrivalCursor;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.End;
import dev.penstock.sharding.Position;
import dev.penstock.sharding.Shuffle;
import dev.penstock.sharding.UsedUp;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * What one rank asks for: the data, its order and its batches.
 *
 * @param dataset paths or URLs with brace patterns, globs, directories or {@code @lists}
 * @param batchSize rows of this rank's batches; the global batch is {@code batchSize * world}
 * @param rank this data-parallel rank, 0 to {@code world - 1}
 * @param world number of data-parallel ranks
 * @param shuffle how an epoch is ordered
 * @param seed of the order
 * @param epochs how many epochs; 0 for endless
 * @param end what happens to a last step that is not full
 * @param fields the fields to deliver; all of them as bytes or lists if empty
 * @param onBad what happens to bad samples
 * @param maxBadSamples more bad samples than this, plus one in a hundred, end the run
 * @param cursor where to go on; at the start if empty
 * @param lanes overrides the default number of lanes
 * @param window overrides the default window, in samples of a lane
 * @param groups overrides the default number of groups
 * @param extentSamples overrides the default extent, in samples
 * @param rawRecords whether TFRecord payloads are delivered whole as the field {@code record}
 * @param mix the sources of a mixture, in place of {@code dataset}; empty for one dataset
 * @param usedUp what a mixture does at the end of a source of so many epochs
 * @param filters of which a sample has to pass all, in every source
 * @param skip steps by which to go on (or back, if negative) before the first
 * @param batching batches by the samples' lengths; empty for batches of {@code batchSize} rows
 * @param orderId the order that other ranks have; refused if this one's is another
 * @param cache what the session leaves on the cache directories
 */
public record SessionConfig(
    List<String> dataset,
    int batchSize,
    int rank,
    int world,
    Shuffle shuffle,
    long seed,
    long epochs,
    End end,
    List<FieldSpec> fields,
    BadSamplePolicy onBad,
    long maxBadSamples,
    Optional<Position> cursor,
    OptionalInt lanes,
    OptionalInt window,
    OptionalInt groups,
    OptionalInt extentSamples,
    boolean rawRecords,
    List<DataSource> mix,
    UsedUp usedUp,
    List<SampleFilter> filters,
    long skip,
    Optional<Batching> batching,
    Optional<String> orderId,
    CacheUse cache) {
  /** Bad samples that are tolerated in any run before the share of them counts. */
  public static final long DEFAULT_MAX_BAD_SAMPLES = 1000;

  /** Checks ranges and copies. */
  public SessionConfig {
    dataset = List.copyOf(dataset);
    fields = List.copyOf(fields);
    filters = List.copyOf(filters);
    mix = DataSource.uniquelyNamed(mix);
    if (dataset.isEmpty() && mix.isEmpty()) {
      throw new IllegalArgumentException("no dataset was named");
    }
    if (!dataset.isEmpty() && !mix.isEmpty()) {
      throw new IllegalArgumentException(
          "a dataset (%s) and a mixture were named; put the dataset into the mixture, with a weight"
              .formatted(dataset.getFirst()));
    }
    if (!mix.isEmpty() && end != End.DROP) {
      throw new IllegalArgumentException(
          "--end: %s has no meaning for a mixture, whose sources repeat or hand over; only drop is accepted"
              .formatted(end.toString().toLowerCase(Locale.ROOT)));
    }
    if (batching.isPresent()) {
      checkBatching(batching.get(), end, onBad);
    }
    checkKind(shuffle, cursor);
    if (shuffle == Shuffle.ARRIVAL) {
      ArrivalLimits.check(epochs, end, onBad, groups, extentSamples, mix, filters, skip, batching);
    }
    atLeast("--batch-size", batchSize, 1);
    atLeast("--world", world, 1);
    atLeast("--epochs", epochs, 0);
    if (rank < 0 || rank >= world) {
      throw new IllegalArgumentException(
          "--rank: value %d is not between 0 and %d (--world is %d)"
              .formatted(rank, world - 1, world));
    }
    if ((long) batchSize * world > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "--batch-size: %d rows on %d ranks are more than 2^31-1 in a global batch"
              .formatted(batchSize, world));
    }
  }

  /** Neither kind of order is turned into the other. */
  private static void checkKind(Shuffle shuffle, Optional<Position> cursor) {
    boolean arrival = shuffle == Shuffle.ARRIVAL;
    if (cursor.isPresent() && cursor.get() instanceof ArrivalCursor != arrival) {
      throw new IllegalArgumentException(
          arrival
              ? "cursor of an order with epochs, but --shuffle is arrival: neither goes on where"
                  + " the other stopped; leave --shuffle arrival out, or start without the cursor"
              : "cursor of the order of arrival, but --shuffle is %s: neither goes on where the other stopped; say --shuffle arrival, or start without the cursor"
                  .formatted(shuffle.toString().toLowerCase(Locale.ROOT)));
    }
  }

  private static void checkBatching(Batching batching, End end, BadSamplePolicy onBad) {
    if (end == End.PAD) {
      throw new IllegalArgumentException(
          "--end: pad has no meaning for batches by lengths, which run on over the ends of epochs");
    }
    if (batching.kind().packs() && onBad == BadSamplePolicy.REPLACE) {
      throw new IllegalArgumentException(
          "--on-bad: replace has no meaning for packs, which were formed by the lengths of their"
              + " samples: a stand-in that is longer has no room. Use skip, which leaves the pack"
              + " shorter by the bad sample, or fail");
    }
  }

  private static void atLeast(String option, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s: value is too small (%d), at least %d is required".formatted(option, value, least));
    }
  }

  /** What is read, in one line: the patterns, with a mixture's weights. */
  public String describeData() {
    if (mix.isEmpty()) {
      return String.join(" ", dataset);
    }
    StringBuilder text = new StringBuilder("mix");
    for (DataSource source : mix) {
      text.append(' ').append(source.name()).append('=').append(source.weight());
    }
    return text.toString();
  }

  /** All paths and patterns that are named, of all sources. */
  public List<String> patterns() {
    return mix.isEmpty()
        ? dataset
        : mix.stream().flatMap(source -> source.dataset().stream()).toList();
  }

  /** Files that filters read, of all sources. */
  public List<String> filterFiles() {
    return Stream.concat(
            filters.stream(), mix.stream().flatMap(source -> source.filters().stream()))
        .flatMap(filter -> filter.file().stream())
        .toList();
  }

  /** The filters that a source's samples have to pass. */
  List<SampleFilter> filtersOf(DataSource source) {
    return Stream.concat(filters.stream(), source.filters().stream()).toList();
  }

  /** Where an order with a plan goes on. */
  Optional<Cursor> planned() {
    return cursor.filter(Cursor.class::isInstance).map(Cursor.class::cast);
  }

  /** Where the order of arrival goes on. */
  Optional<ArrivalCursor> arrival() {
    return cursor.filter(ArrivalCursor.class::isInstance).map(ArrivalCursor.class::cast);
  }

  /** Rows of one step over all ranks. */
  public int globalBatch() {
    return batchSize * world;
  }
}
