package dev.penstock.benchmarks.verbs;

import dev.penstock.benchmarks.data.SampleShards;
import dev.penstock.formats.Codec;
import dev.penstock.formats.RecordKind;
import dev.penstock.loader.cli.ByteSize;
import dev.penstock.loader.cli.ExitCode;
import dev.penstock.loader.cli.UsageException;
import dev.penstock.loader.cli.Verb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Data sets from a seed. */
@Command(
    name = "generate",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Makes shards of random samples from a seed.",
    description = {
      "Field jpg is random bytes, field cls a label. The same options give the same bytes."
    },
    footer = {
      "",
      "Examples:",
      "  penstock bench generate data --samples 10000 --sample-bytes 110KB --shards 10",
      "  penstock bench generate data --codec zstd --frame-bytes 4MiB --random 40",
      "  penstock bench generate data --format tfrecord"
    })
public final class GenerateVerb extends Verb {
  private enum Format {
    TAR,
    TFRECORD
  }

  @Parameters(paramLabel = "DIR", description = "Where to write; made if it is not there.")
  private Path directory = Path.of("");

  @Option(names = "--samples", paramLabel = "N", description = "In all shards (default 10000).")
  private long samples = 10_000;

  @Option(
      names = "--sample-bytes",
      paramLabel = "SIZE",
      description = "Length of each jpg (default 110KB).")
  private ByteSize sampleBytes = new ByteSize(110_000);

  @Option(names = "--shards", paramLabel = "N", description = "How many shards (default 10).")
  private int shards = 10;

  @Option(names = "--format", paramLabel = "NAME", description = "tar or tfrecord (default tar).")
  private Format format = Format.TAR;

  @Option(
      names = "--codec",
      paramLabel = "NAME",
      description = "none, gzip, zstd or lz4, over whole shards (default none).")
  private Codec codec = Codec.NONE;

  @Option(
      names = "--frame-bytes",
      paramLabel = "SIZE",
      description = "Decoded bytes of a compressed frame; 0 makes one frame a shard (default 0).")
  private ByteSize frameBytes = new ByteSize(0);

  @Option(
      names = "--random",
      paramLabel = "PERCENT",
      description = "How much of each jpg is random; the rest repeats it (default 100).")
  private int randomPercent = 100;

  @Option(names = "--seed", paramLabel = "N", description = "Of the bytes (default 0).")
  private long seed;

  @Override
  public Integer call() throws IOException {
    if (sampleBytes.bytes() > Integer.MAX_VALUE / 2) {
      throw new UsageException("--sample-bytes: value is too large, at most 1GiB is made");
    }
    RecordKind kind = format == Format.TAR ? RecordKind.WEBDATASET : RecordKind.TFRECORD_EXAMPLE;
    SampleShards data =
        UsageException.check(
            () ->
                new SampleShards(
                    samples,
                    (int) sampleBytes.bytes(),
                    shards,
                    seed,
                    kind,
                    codec,
                    frameBytes.bytes(),
                    randomPercent));
    Files.createDirectories(directory);
    data.write(directory);
    long bytes = 0;
    for (int shard = 0; shard < shards; shard++) {
      bytes += Files.size(directory.resolve(data.name(shard)));
    }
    console().line("made      %,d samples in %,d shards, %s", samples, shards, new ByteSize(bytes));
    return ExitCode.DONE;
  }
}
