package dev.penstock.loader.cli;

import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.MalformedRecordException;
import dev.penstock.loader.BadSample;
import dev.penstock.loader.BadSamplePolicy;
import dev.penstock.loader.Batch;
import dev.penstock.loader.Engine;
import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.Loader;
import dev.penstock.loader.LoaderConfig;
import dev.penstock.sharding.End;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Reads everything and says what is bad. */
@Command(
    name = "verify",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Reads every sample and lists what is bad.",
    description = {
      "Checks what the formats let one check: framing, header checksums, CRCs, codec checksums.",
      "The exit status is 3 if anything is bad."
    },
    footer = {"", "Examples:", "  penstock verify 'data/train-{000000..000146}.tar'"})
final class VerifyVerb extends Verb {
  private static final int ROWS = 16;

  @Mixin private DatasetArgument dataset = new DatasetArgument();
  @Mixin private EngineOptions engine = new EngineOptions();

  @Option(names = "--json", order = 22, description = "Print the results as one JSON object.")
  private boolean json;

  private long samples;
  private long bytes;
  private final List<Map<String, Object>> bad = new ArrayList<>();

  @Override
  public Integer call() throws IOException {
    EngineConfig config = engine.engine(EngineConfig.embedded());
    List<StoredObject> shards;
    List<String> readable = new ArrayList<>();
    try (Engine opened = Engine.open(config)) {
      shards = UsageException.checkIo(() -> opened.shards(dataset.patterns()));
      for (StoredObject shard : shards) {
        try {
          List<String> one = List.of(shard.location());
          if (opened.damagedDataset(one, false).shape().sampleCount() > 0) {
            readable.add(shard.location());
          }
        } catch (MalformedRecordException e) {
          report(shard.name(), e.offset(), "", e.reason());
        }
      }
    }
    if (!readable.isEmpty()) {
      readAll(config, readable);
    }
    finish(shards.size());
    return bad.isEmpty() ? ExitCode.DONE : ExitCode.BAD_DATA;
  }

  private void readAll(EngineConfig engineConfig, List<String> readable) throws IOException {
    LoaderConfig config =
        LoaderConfig.builder(readable)
            .engine(engineConfig)
            .batchSize(ROWS)
            .shuffle(Shuffle.NONE)
            .end(End.PAD)
            .onBad(BadSamplePolicy.SKIP)
            .maxBadSamples(Long.MAX_VALUE)
            .build();
    try (Loader loader = Loader.open(config)) {
      for (Batch batch : loader) {
        batch.close();
      }
      samples = loader.sessionPlan().dataset().shape().sampleCount();
      bytes = loader.sessionPlan().dataset().shape().totalBytes();
      for (BadSample one : loader.badSamples()) {
        report(one.shard(), one.offset(), one.key(), one.reason());
      }
    }
  }

  private void report(String shard, long offset, String key, String reason) {
    Map<String, Object> one = new LinkedHashMap<>();
    one.put("shard", shard);
    one.put("offset", offset);
    one.put("key", key);
    one.put("reason", reason);
    if (bad.contains(one)) {
      return; // padding reads the first samples again
    }
    bad.add(one);
    if (!json) {
      console().line("bad       %s, byte %,d: %s %s", shard, offset, key, reason);
    }
  }

  private void finish(int shards) {
    if (json) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("shards", shards);
      map.put("samples", samples);
      map.put("bytes", bytes);
      map.put("bad", bad);
      console().json(map);
    } else {
      console()
          .line(
              "verified  %,d samples in %,d shards, %s: %s",
              samples,
              shards,
              new ByteSize(bytes),
              bad.isEmpty() ? "all good" : "%,d found bad".formatted(bad.size()));
    }
  }
}
