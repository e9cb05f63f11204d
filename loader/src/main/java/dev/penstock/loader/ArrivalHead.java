package dev.penstock.loader;

import dev.penstock.cache.CacheSession;
import dev.penstock.cache.ShardList;
import dev.penstock.formats.ByteRun;
import dev.penstock.formats.FieldKind;
import dev.penstock.formats.FieldNames;
import dev.penstock.formats.MalformedRecordException;
import dev.penstock.formats.RecordFormat;
import dev.penstock.formats.SampleParser;
import dev.penstock.formats.SampleView;
import dev.penstock.formats.ShardIndex;
import dev.penstock.loader.ArrivalLane.ArrivalReading;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the first samples of the list's first shard say of the data: format, columns, sizes. Every
 * rank looks at the same samples, so all of them have the same columns, after a resume too. A few
 * samples do, unless a field that was asked for is in none of them. One thread.
 */
final class ArrivalHead {
  /** Samples that are looked at, if they lie in one block. */
  private static final int SAMPLES = 16;

  /** So many samples, bytes and shards are looked at before a field is taken to be missing. */
  private static final int SAMPLES_MAX = 1024;

  private static final long BYTES_MAX = 64 << 20;
  private static final int SHARDS_MAX = 16;

  private final List<FieldSpec> asked;
  private final FieldNames names = new FieldNames();
  private final Map<String, FieldKind> features = new LinkedHashMap<>();
  private final Map<String, FieldSpec> shapes = new LinkedHashMap<>();
  private @Nullable RecordFormat format;
  private int samples;
  private long bytes;
  private double squares;
  private long largest;

  private ArrivalHead(List<FieldSpec> asked) {
    this.asked = asked;
  }

  /**
   * Looks at the first samples.
   *
   * @throws IllegalArgumentException if there are none, or a field is in none of them
   */
  static ArrivalHead of(
      SessionConfig config,
      ShardList shards,
      CacheSession cache,
      ArrivalMemory memory,
      int blockBytes)
      throws IOException, InterruptedException {
    ArrivalHead head = new ArrivalHead(config.fields());
    ArrivalReading reading = new ArrivalReading(null, config.rawRecords(), Map.of(), 0, 1);
    int last = Math.min(SHARDS_MAX, shards.count());
    for (int shard = 0; shard < last && !head.suffices(); shard++) {
      try (ArrivalLane lane =
          ArrivalLane.open(
              reading, cache, shard, shards.get(shard), memory, blockBytes, () -> {})) {
        head.look(lane, blockBytes);
      }
    }
    if (head.samples == 0) {
      throw new IllegalArgumentException(
          "the first %d of %d shards hold no whole sample; begin the list with a shard that does"
              .formatted(last, shards.count()));
    }
    return head;
  }

  private boolean suffices() {
    return samples >= SAMPLES_MAX || bytes >= BYTES_MAX || (samples > 0 && missing() == null);
  }

  private void look(ArrivalLane lane, int blockBytes) throws IOException, InterruptedException {
    List<ArrivalPiece> kept = new ArrayList<>();
    try {
      while (!suffices()
          && lane.read(lane.nextOffset(), lane.nextOrdinal(), SAMPLES, blockBytes) > 0) {
        format = lane.format();
        lookAtWindow(lane, kept);
      }
    } finally {
      kept.forEach(ArrivalPiece::letGo);
    }
  }

  private void lookAtWindow(ArrivalLane lane, List<ArrivalPiece> kept)
      throws IOException, InterruptedException {
    ShardIndex index = lane.window().index;
    SampleParser parser = lane.format().parser(names);
    SampleView view = new SampleView();
    ByteRun run = new ByteRun();
    for (int sample = 0; sample < index.sampleCount(); sample++) {
      if (index.isDamaged(sample)) {
        continue; // to be found when its turn comes
      }
      long length = index.sampleBytes(sample);
      try (ArrivalPiece.Row row = lane.source.row(index.sampleOffset(sample), length, kept)) {
        run.clear();
        row.await(run);
        parser.parse(lane.object.name(), index.sampleOffset(sample), run, view);
        take(view, run, length);
      } catch (MalformedRecordException _) {
        // A bad sample: likewise.
      }
    }
    kept.forEach(ArrivalPiece::letGo);
    kept.clear();
  }

  private void take(SampleView view, ByteRun run, long length) {
    samples++;
    bytes += length;
    squares += (double) length * length;
    largest = Math.max(largest, length);
    for (int field = 0; field < view.fieldCount(); field++) {
      String name = names.name(view.fieldNameId(field));
      features.putIfAbsent(name, view.kind(field));
      for (FieldSpec spec : asked) {
        if (spec.kind() == FieldSpec.Kind.NPY
            && spec.name().equals(name)
            && !shapes.containsKey(name)) {
          shape(spec, view, run, field);
        }
      }
    }
  }

  private void shape(FieldSpec spec, SampleView view, ByteRun run, int field) {
    try {
      NpyHeader header = NpyHeader.parse(run, view.position(field), view.length(field));
      shapes.put(spec.name(), FieldSpec.tensor(spec.name(), header.element(), header.shape()));
    } catch (FieldFormatException _) {
      // The first sample that has one decides.
    }
  }

  /** A field that was asked for and not seen so far. */
  private @Nullable FieldSpec missing() {
    for (FieldSpec spec : asked) {
      boolean seen =
          spec.kind() == FieldSpec.Kind.NPY
              ? shapes.containsKey(spec.name())
              : features.containsKey(spec.name());
      if (!seen) {
        return spec;
      }
    }
    return null;
  }

  /**
   * The columns for what was asked for: all fields of the samples that were looked at if nothing
   * was.
   *
   * @throws IllegalArgumentException if a field is in none of them, listing those that are
   */
  List<FieldSpec> columns() {
    FieldSpec missing = missing();
    if (missing != null) {
      throw new IllegalArgumentException(
          "field '%s'%s is in none of the first %d samples, there are %s; in the order of arrival, columns are chosen by what stands first in the list of shards"
              .formatted(
                  missing.name(),
                  missing.kind() == FieldSpec.Kind.NPY ? " as an npy file" : "",
                  samples,
                  features.keySet()));
    }
    if (asked.isEmpty()) {
      return features.entrySet().stream()
          .map(
              feature ->
                  format().placesKnown()
                      ? FieldSpec.bytes(feature.getKey())
                      : ColumnChoice.natural(feature))
          .toList();
    }
    return asked.stream().map(spec -> shapes.getOrDefault(spec.name(), spec)).toList();
  }

  /** How records lie in the shards. */
  RecordFormat format() {
    RecordFormat found = format;
    if (found == null) {
      throw new IllegalStateException("no shard was looked at");
    }
    return found;
  }

  /** The largest of the samples, in decoded bytes with their framing. */
  long largestBytes() {
    return largest;
  }

  /** Bytes that so many samples are expected not to exceed, as far as the first ones tell. */
  long likelyBytes(int rows) {
    double mean = (double) bytes / samples;
    double deviation = Math.sqrt(Math.max(0, squares / samples - mean * mean));
    // The first samples are few, and need not be like the others: a quarter more.
    return (long) (1.25 * rows * mean + 6 * Math.sqrt(rows) * deviation) + largest;
  }
}
