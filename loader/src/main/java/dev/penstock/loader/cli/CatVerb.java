package dev.penstock.loader.cli;

import dev.penstock.formats.ShardIndex;
import dev.penstock.loader.Batch;
import dev.penstock.loader.Dataset;
import dev.penstock.loader.Engine;
import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.Loader;
import dev.penstock.loader.LoaderConfig;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.End;
import dev.penstock.sharding.OrderSpec;
import dev.penstock.sharding.Plan;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** One sample's bytes, read as a trainer would get them. */
@Command(
    name = "cat",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Shows one sample: its fields, or the bytes of one of them.",
    description = {"The sample is read through the pipeline, as a trainer would get it."},
    footer = {
      "",
      "Examples:",
      "  penstock cat data/train-000000.tar --key n01440764_10026",
      "  penstock cat data/train-000000.tar --key n01440764_10026 --field jpg > picture.jpg"
    })
final class CatVerb extends Verb {
  @Mixin private DatasetArgument dataset = new DatasetArgument();
  @Mixin private EngineOptions engine = new EngineOptions();

  @Option(
      names = "--key",
      paramLabel = "KEY",
      required = true,
      order = 1,
      description =
          "The sample's key, as --keys and inspect show it. The first that fits is taken.")
  private String key = "";

  @Option(
      names = "--field",
      paramLabel = "NAME",
      order = 2,
      description = "The field to write (default: list the fields).")
  private Optional<String> field = Optional.empty();

  @Override
  public Integer call() throws IOException {
    EngineConfig config = engine.engine(EngineConfig.embedded());
    Cursor at = find(config);
    LoaderConfig loader =
        LoaderConfig.builder(dataset.patterns())
            .engine(config)
            .batchSize(1)
            .shuffle(Shuffle.NONE)
            .end(End.DROP)
            .cursor(at)
            .build();
    try (Loader opened = Loader.open(loader)) {
      for (Batch batch : opened) {
        try (batch) {
          show(batch);
        }
        break;
      }
    }
    return ExitCode.DONE;
  }

  /** The place of the sample in stored order. */
  private Cursor find(EngineConfig config) throws IOException {
    try (Engine opened = Engine.open(config)) {
      Dataset data = UsageException.checkIo(() -> opened.dataset(dataset.patterns(), false));
      for (int shard = 0; shard < data.shardCount(); shard++) {
        ShardIndex index = data.index(shard);
        for (int sample = 0; sample < index.sampleCount(); sample++) {
          if (index.key(sample).equals(key)) {
            long number = data.shape().firstSample(shard) + sample;
            Plan order =
                Plan.of(
                    data.shape(), OrderSpec.defaults(data.shape(), Shuffle.NONE, End.DROP, 0, 1));
            return order.after(order.start(), number);
          }
        }
      }
      throw new UsageException(
          "--key: none of the %,d samples in %,d shards has the key %s"
              .formatted(data.shape().sampleCount(), data.shardCount(), key));
    }
  }

  private void show(Batch batch) {
    List<String> names =
        batch.fieldNames().stream().filter(name -> !batch.isNull(name, 0)).toList();
    if (field.isEmpty()) {
      names.forEach(
          name -> console().line("%-20s %,d bytes", name, batch.value(name, 0).byteSize()));
      return;
    }
    String wanted = field.get();
    if (!names.contains(wanted)) {
      throw new UsageException(
          "--field: sample %s has no field %s, it has %s".formatted(key, wanted, names));
    }
    MemorySegment bytes = batch.value(wanted, 0);
    byte[] chunk = new byte[1 << 16];
    for (long from = 0; from < bytes.byteSize(); from += chunk.length) {
      int length = (int) Math.min(chunk.length, bytes.byteSize() - from);
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, from, chunk, 0, length);
      console().out().write(chunk, 0, length);
    }
  }
}
