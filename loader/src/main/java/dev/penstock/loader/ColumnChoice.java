package dev.penstock.loader;

import dev.penstock.formats.ByteRun;
import dev.penstock.formats.FieldKind;
import dev.penstock.formats.SampleParser;
import dev.penstock.formats.SampleView;
import dev.penstock.formats.ShardIndex;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decides the columns of a session from what was asked for and what the data has. Looks at first
 * samples only where names or shapes are not known from the indexes.
 */
final class ColumnChoice {
  /** Shards whose first sample is looked at to learn the features of tf.train.Example data. */
  private static final int SHARDS_LOOKED_AT = 16;

  private final Dataset dataset;
  private final IndexStore store;

  ColumnChoice(Dataset dataset, IndexStore store) {
    this.dataset = dataset;
    this.store = store;
  }

  List<FieldSpec> choose(List<FieldSpec> asked) throws IOException {
    boolean placesKnown = dataset.format().placesKnown();
    Map<String, FieldKind> features = placesKnown ? Map.of() : features();
    if (asked.isEmpty()) {
      return placesKnown
          ? dataset.fieldNames().stream().map(FieldSpec::bytes).toList()
          : features.entrySet().stream().map(ColumnChoice::natural).toList();
    }
    List<FieldSpec> chosen = new ArrayList<>();
    for (FieldSpec spec : asked) {
      if (placesKnown && !dataset.fieldNames().contains(spec.name())) {
        throw new IllegalArgumentException(
            "field '%s' is in no sample of the dataset, there are %s"
                .formatted(spec.name(), dataset.fieldNames()));
      }
      chosen.add(spec.kind() == FieldSpec.Kind.NPY ? withShape(spec) : spec);
    }
    return chosen;
  }

  /** How a feature is delivered if nobody says. */
  static FieldSpec natural(Map.Entry<String, FieldKind> feature) {
    return switch (feature.getValue()) {
      case BYTES -> FieldSpec.bytes(feature.getKey());
      case INT64_LIST -> FieldSpec.of(feature.getKey(), FieldSpec.Kind.INTS);
      case FLOAT_LIST -> FieldSpec.of(feature.getKey(), FieldSpec.Kind.FLOATS);
    };
  }

  /** Features of the first samples of the first shards, in order of appearance. */
  private Map<String, FieldKind> features() throws IOException {
    Map<String, FieldKind> features = new LinkedHashMap<>();
    int looked = 0;
    for (int shard = 0; shard < dataset.shardCount() && looked < SHARDS_LOOKED_AT; shard++) {
      if (dataset.shape().samplesIn(shard) == 0) {
        continue;
      }
      looked++;
      look(
          shard,
          0,
          (view, names) -> {
            for (int field = 0; field < view.fieldCount(); field++) {
              features.putIfAbsent(names.name(view.fieldNameId(field)), view.kind(field));
            }
          });
    }
    return features;
  }

  private FieldSpec withShape(FieldSpec spec) throws IOException {
    for (int shard = 0; shard < dataset.shardCount(); shard++) {
      int ordinal = firstWith(shard, spec.name());
      FieldSpec found = ordinal < 0 ? null : shapeIn(shard, ordinal, spec);
      if (found != null) {
        return found;
      }
    }
    throw new IllegalArgumentException(
        "field '%s' is in no sample of the dataset".formatted(spec.name()));
  }

  /** The shard's first sample that has the field, as far as the index knows; else -1. */
  private int firstWith(int shard, String name) throws IOException {
    ShardIndex index = dataset.index(shard);
    if (!dataset.format().placesKnown()) {
      return index.sampleCount() > 0 ? 0 : -1;
    }
    int id = index.names().idOf(name);
    for (int sample = 0; id >= 0 && sample < index.sampleCount(); sample++) {
      for (int field = 0; field < index.fieldCount(sample); field++) {
        if (index.fieldNameId(sample, field) == id) {
          return sample;
        }
      }
    }
    return -1;
  }

  /** Bytes in front of the elements in the first sample that has the field: 0 if it is raw. */
  int npyHeaderBytes(String name) throws IOException {
    for (int shard = 0; shard < dataset.shardCount(); shard++) {
      int ordinal = firstWith(shard, name);
      if (ordinal >= 0) {
        int[] bytes = new int[1];
        look(
            shard,
            ordinal,
            (view, run, names) -> {
              for (int field = 0; field < view.fieldCount(); field++) {
                if (names.name(view.fieldNameId(field)).equals(name)) {
                  bytes[0] = headerBytes(view, run, field);
                }
              }
            });
        return bytes[0];
      }
    }
    throw new IllegalArgumentException("field '%s' is in no sample of the dataset".formatted(name));
  }

  private static int headerBytes(SampleView view, ByteRun run, int field) {
    long position = view.position(field);
    long length = view.length(field);
    try {
      return NpyHeader.hasMagic(run, position, length)
          ? Math.toIntExact(NpyHeader.parse(run, position, length).dataOffset())
          : 0;
    } catch (FieldFormatException e) {
      return 0; // a bad sample, to be found when its turn comes
    }
  }

  private @Nullable FieldSpec shapeIn(int shard, int ordinal, FieldSpec spec) throws IOException {
    List<FieldSpec> found = new ArrayList<>();
    look(
        shard,
        ordinal,
        (view, run, names) -> {
          for (int field = 0; field < view.fieldCount(); field++) {
            if (names.name(view.fieldNameId(field)).equals(spec.name())) {
              found.add(tensor(shard, ordinal, spec, view, run, field));
            }
          }
        });
    return found.isEmpty() ? null : found.getFirst();
  }

  private FieldSpec tensor(
      int shard, int ordinal, FieldSpec spec, SampleView view, ByteRun run, int field) {
    try {
      NpyHeader header = NpyHeader.parse(run, view.position(field), view.length(field));
      return FieldSpec.tensor(spec.name(), header.element(), header.shape());
    } catch (FieldFormatException e) {
      throw new IllegalArgumentException(
          "field '%s' of sample %d in %s: %s"
              .formatted(spec.name(), ordinal, dataset.object(shard).location(), e.getMessage()),
          e);
    }
  }

  /** Sees a parsed sample while its bytes are there. */
  @FunctionalInterface
  private interface Look {
    void at(SampleView view, ByteRun run, dev.penstock.formats.FieldNames names);
  }

  @FunctionalInterface
  private interface ShortLook {
    void at(SampleView view, dev.penstock.formats.FieldNames names);
  }

  private void look(int shard, int ordinal, ShortLook look) throws IOException {
    look(shard, ordinal, (view, run, names) -> look.at(view, names));
  }

  private void look(int shard, int ordinal, Look look) throws IOException {
    ShardIndex index = dataset.index(shard);
    int bytes = Math.toIntExact(index.sampleBytes(ordinal));
    try (Arena arena = Arena.ofConfined();
        var source = store.scan(dataset.object(shard))) {
      MemorySegment memory = arena.allocate(Math.max(1, bytes), 64);
      int read = source.readAt(index.sampleOffset(ordinal), memory, 0, bytes);
      ByteRun run = new ByteRun();
      run.append(memory, 0, read);
      SampleParser parser = dataset.format().parser(dataset.names());
      SampleView view = new SampleView();
      parser.parse(dataset.object(shard).name(), index.sampleOffset(ordinal), run, view);
      look.at(view, run, parser.names());
    }
  }
}
