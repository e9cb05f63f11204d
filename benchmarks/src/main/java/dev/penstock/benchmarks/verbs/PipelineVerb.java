package dev.penstock.benchmarks.verbs;

import dev.penstock.benchmarks.data.SampleShards;
import dev.penstock.benchmarks.pipeline.Comparison;
import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.cli.ByteSize;
import dev.penstock.loader.cli.ExitCode;
import dev.penstock.loader.cli.UsageException;
import dev.penstock.loader.cli.Verb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** File to slot beside fio, a loop in C and webdataset, on the same bytes. */
@Command(
    name = "pipeline",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Measures file to slot beside fio, a C loop and webdataset.",
    description = {
      "Interleaved rounds, medians, ratios. What is missing is left out. First rounds warm up and",
      "do not count. Ratios are penstock's figure over the other's: above 1 penstock is ahead."
    },
    footer = {
      "",
      "Examples:",
      "  penstock bench pipeline --generate 2GiB",
      "  penstock bench pipeline /dev/shm/shards --source cache --rounds 7 --json"
    })
public final class PipelineVerb extends Verb {
  private static final int SHARD_COUNT = 8;

  /** A second or so: long enough for the clocks, short enough to interleave. */
  private static final long ROUND_BYTES = 4L << 30;

  @Parameters(
      paramLabel = "DIR",
      arity = "0..1",
      description = "Directory of uncompressed tar shards; or --generate.")
  private Optional<Path> directory = Optional.empty();

  @Option(
      names = "--generate",
      paramLabel = "SIZE",
      description = "Make shards of this size in all, and remove them afterwards.")
  private Optional<ByteSize> generate = Optional.empty();

  @Option(
      names = "--sample-bytes",
      paramLabel = "SIZE",
      description = "Size of the samples made (default 110KB).")
  private ByteSize sampleBytes = new ByteSize(110_000);

  @Option(
      names = "--in",
      paramLabel = "DIR",
      description = "Where to make them (default: the directory for temporary files).")
  private Path in = Path.of(System.getProperty("java.io.tmpdir"));

  @Option(
      names = "--source",
      paramLabel = "FROM",
      description =
          "cache, disk or ssd (a cache directory); may be repeated (default: cache, disk).")
  private List<Comparison.Source> sources = List.of();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Rounds that count, of each contender (default 5).")
  private int rounds = 5;

  @Option(
      names = "--passes",
      paramLabel = "N",
      description = "Passes over the shards in a round (default: as many as make 4GiB).")
  private Optional<Integer> passes = Optional.empty();

  @Option(
      names = "--batch-size",
      paramLabel = "ROWS",
      description = "Rows of a batch (default 64).")
  private int batchSize = 64;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "The pipeline's byte budget (default 256MiB).")
  private ByteSize memory = new ByteSize(256L << 20);

  @Option(
      names = "--cpus",
      paramLabel = "N",
      description = "Bind the whole process to N processors (default: all it may use).")
  private Optional<Integer> cpus = Optional.empty();

  @Option(names = "--json", description = "Print the results as one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path home = Home.directory();
    if (directory.isPresent() == generate.isPresent()) {
      throw new UsageException("name either a directory of shards or --generate SIZE");
    }
    if (rounds < 1 || passes.orElse(1) < 1) {
      throw new UsageException("--rounds and --passes: at least 1 is required");
    }
    EngineConfig defaults = EngineConfig.embedded();
    EngineConfig engine =
        UsageException.check(
            () -> defaults.withMemoryBytes(memory.bytes()).withCpus(cpus.orElse(defaults.cpus())));
    if (generate.isEmpty()) {
      compare(home, directory.orElseThrow(), engine);
      return ExitCode.DONE;
    }
    try (Children children = Children.inTemporaryDirectory(in, "penstock-bench-")) {
      long samples = Math.max(SHARD_COUNT, generate.orElseThrow().bytes() / sampleBytes.bytes());
      console().note("making %,d samples of %s in %s", samples, sampleBytes, in);
      SampleShards.plainTar(samples, (int) sampleBytes.bytes(), SHARD_COUNT, 7)
          .write(children.directory());
      compare(home, children.directory(), engine);
    }
    return ExitCode.DONE;
  }

  private void compare(Path home, Path shards, EngineConfig engine)
      throws IOException, InterruptedException {
    List<Path> tars = tars(shards);
    long bytes = 0;
    for (Path tar : tars) {
      bytes += Files.size(tar);
    }
    int each = passes.orElse((int) Math.max(1, Math.ceilDiv(ROUND_BYTES, bytes)));
    Comparison.Setup setup = new Comparison.Setup(home, tars, engine, batchSize, each, rounds);
    List<Map<String, Object>> results = new ArrayList<>();
    for (Comparison.Source source :
        sources.isEmpty() ? List.of(Comparison.Source.CACHE, Comparison.Source.DISK) : sources) {
      console()
          .note("reading from %s, %d rounds", source.toString().toLowerCase(Locale.ROOT), rounds);
      Comparison comparison = Comparison.run(setup, source);
      if (json) {
        results.add(comparison.asMap());
      } else {
        comparison.lines().forEach(line -> console().line("%s", line));
      }
    }
    if (json) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("shards", tars.size());
      map.put("processors", Runtime.getRuntime().availableProcessors());
      map.put("java", System.getProperty("java.version"));
      map.put("kernel", System.getProperty("os.version"));
      map.put("rounds", rounds);
      map.put("passes", each);
      map.put("batch_size", batchSize);
      map.put("sources", results);
      console().json(map);
    }
  }

  private static List<Path> tars(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new UsageException("there is no directory " + directory);
    }
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> tars = files.filter(f -> f.toString().endsWith(".tar")).sorted().toList();
      if (tars.isEmpty()) {
        throw new UsageException("there is no .tar file in " + directory);
      }
      return tars;
    }
  }
}
