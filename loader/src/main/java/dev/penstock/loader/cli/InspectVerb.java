package dev.penstock.loader.cli;

import dev.penstock.formats.Codec;
import dev.penstock.formats.ShardIndex;
import dev.penstock.loader.Dataset;
import dev.penstock.loader.Engine;
import dev.penstock.loader.EngineConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What is in shards. */
@Command(
    name = "inspect",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Says what is in each shard: format, codec, samples, fields, sizes.",
    footer = {"", "Examples:", "  penstock inspect data/train-000000.tar --samples 5"})
final class InspectVerb extends Verb {
  @Mixin private DatasetArgument dataset = new DatasetArgument();
  @Mixin private EngineOptions engine = new EngineOptions();

  @Option(
      names = "--samples",
      paramLabel = "N",
      order = 1,
      description = "List the keys of the first N samples of each shard (default 0).")
  private int samples;

  @Option(names = "--json", order = 22, description = "Print the results as one JSON object.")
  private boolean json;

  /** One field of one shard. */
  private static final class Field {
    private long count;
    private long bytes;
    private long max;

    void add(long length) {
      count++;
      bytes += length;
      max = Math.max(max, length);
    }
  }

  @Override
  public Integer call() throws IOException {
    if (samples < 0) {
      throw new UsageException(
          "--samples: value is too small (%d), at least 0 is required".formatted(samples));
    }
    List<Map<String, Object>> shards = new ArrayList<>();
    try (Engine opened = Engine.open(engine.engine(EngineConfig.embedded()))) {
      Dataset data = UsageException.checkIo(() -> opened.dataset(dataset.patterns(), false));
      for (int shard = 0; shard < data.shardCount(); shard++) {
        ShardIndex index = data.index(shard);
        Map<String, Field> fields = fields(index);
        if (json) {
          shards.add(asMap(data, shard, index, fields));
        } else {
          show(data, shard, index, fields);
        }
      }
    }
    if (json) {
      console().json(Map.of("shards", shards));
    }
    return ExitCode.DONE;
  }

  private static Map<String, Field> fields(ShardIndex index) {
    Map<String, Field> fields = new LinkedHashMap<>();
    List<String> names = index.names().names();
    for (int sample = 0; sample < index.sampleCount(); sample++) {
      for (int field = 0; field < index.fieldCount(sample); field++) {
        fields
            .computeIfAbsent(names.get(index.fieldNameId(sample, field)), name -> new Field())
            .add(index.fieldBytes(sample, field));
      }
    }
    return fields;
  }

  private void show(Dataset data, int shard, ShardIndex index, Map<String, Field> fields) {
    console().line("%s", data.object(shard).location());
    console()
        .line(
            "  %s, %s%s; %,d samples, %s stored, %s decoded",
            kind(index),
            index.codec() == Codec.NONE ? "not compressed" : index.codec().label(),
            index.codec() == Codec.NONE ? "" : " in %,d frames".formatted(index.frames().count()),
            index.sampleCount(),
            new ByteSize(data.object(shard).sizeBytes()),
            new ByteSize(index.decodedBytes()));
    fields.forEach(
        (name, field) ->
            console()
                .line(
                    "  field %-16s in %,d samples, %,d bytes on average, %,d at most",
                    name, field.count, field.bytes / field.count, field.max));
    if (!index.placesKnown()) {
      console().line("  fields are known only by parsing each sample; penstock cat shows them");
    }
    for (int sample = 0; sample < Math.min(samples, index.sampleCount()); sample++) {
      console().line("  sample %,d: %s", sample, index.key(sample));
    }
  }

  private Map<String, Object> asMap(
      Dataset data, int shard, ShardIndex index, Map<String, Field> fields) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("location", data.object(shard).location());
    map.put("format", kind(index));
    map.put("codec", index.codec().label());
    map.put("frames", index.frames().count());
    map.put("samples", index.sampleCount());
    map.put("stored_bytes", data.object(shard).sizeBytes());
    map.put("decoded_bytes", index.decodedBytes());
    Map<String, Object> described = new LinkedHashMap<>();
    fields.forEach(
        (name, field) ->
            described.put(
                name,
                Map.of("samples", field.count, "bytes", field.bytes, "max_bytes", field.max)));
    map.put("fields", described);
    List<String> keys = new ArrayList<>();
    for (int sample = 0; sample < Math.min(samples, index.sampleCount()); sample++) {
      keys.add(index.key(sample));
    }
    map.put("keys", keys);
    map.put("digest", index.digest());
    return map;
  }

  private static String kind(ShardIndex index) {
    return index.kind().toString().toLowerCase(Locale.ROOT);
  }
}
