package dev.penstock.loader.cli;

import dev.penstock.loader.Dataset;
import dev.penstock.loader.Engine;
import dev.penstock.loader.EngineConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Builds the indexes that are missing or stale. */
@Command(
    name = "index",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Builds the shard indexes that are missing or stale.",
    description = {
      "Reading does the same at its start; doing it before saves the first run the time."
    },
    footer = {
      "",
      "Examples:",
      "  penstock index 'data/train-{000000..000146}.tar'",
      "  penstock index data --index-dir indexes"
    })
final class IndexVerb extends Verb {
  @Mixin private DatasetArgument dataset = new DatasetArgument();
  @Mixin private EngineOptions engine = new EngineOptions();

  @Option(names = "--json", order = 22, description = "Print the results as one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    try (Engine opened = Engine.open(engine.engine(EngineConfig.embedded()))) {
      Dataset data = UsageException.checkIo(() -> opened.dataset(dataset.patterns(), false));
      if (json) {
        console().json(asMap(data));
      } else {
        console()
            .line(
                "indexed   %,d of %,d shards in %.2f s: %,d samples, %s decoded, fields %s",
                data.indexesBuilt(),
                data.shardCount(),
                data.indexNanos() / 1e9,
                data.shape().sampleCount(),
                new ByteSize(data.shape().totalBytes()),
                String.join(" ", data.fieldNames()));
      }
    }
    return ExitCode.DONE;
  }

  private static Map<String, Object> asMap(Dataset data) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("shards", data.shardCount());
    map.put("built", data.indexesBuilt());
    map.put("seconds", data.indexNanos() / 1e9);
    map.put("samples", data.shape().sampleCount());
    map.put("decoded_bytes", data.shape().totalBytes());
    map.put("fields", List.copyOf(data.fieldNames()));
    map.put("fingerprint", data.shape().fingerprint());
    return map;
  }
}
