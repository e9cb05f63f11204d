package dev.penstock.benchmarks.verbs;

import dev.penstock.benchmarks.order.OrderFigures;
import dev.penstock.loader.cli.ExitCode;
import dev.penstock.loader.cli.UsageException;
import dev.penstock.loader.cli.Verb;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What orders cost, in a Java machine whose whole heap is what the order may take. */
@Command(
    name = "order",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Measures what the orders cost, at 10^9 samples in 10^6 shards.",
    description = {
      "Opening, heap, time a row for two sizes of ranks, seek, next use of a block. No data is",
      "read. Runs in a Java machine of its own with 256 MiB of heap; times are the best of 60"
          + " rounds."
    },
    footer = {"", "Example:", "  penstock bench order --json"})
public final class OrderVerb extends Verb {
  private static final int RANKS = 8;
  private static final String HEAP = "-Xmx256m";

  @Option(names = "--shards", paramLabel = "N", description = "Shards (default 1000000).")
  private int shards = 1_000_000;

  @Option(
      names = "--shard-samples",
      paramLabel = "N",
      description = "Samples in each of them (default 1000).")
  private int samples = 1000;

  @Option(
      names = "--batch-size",
      paramLabel = "ROWS",
      description = "Rows of a global batch, a multiple of 8 (default 8192).")
  private int batchSize = 8192;

  @Option(names = "--here", hidden = true, description = "Measure in this Java machine.")
  private boolean here;

  @Option(names = "--json", description = "Print the results as one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (shards < 1 || samples < 5 || batchSize < RANKS || batchSize % RANKS != 0) {
      throw new UsageException(
          "--shards, --shard-samples, --batch-size: there are at least 1 shard of 5 samples, and"
              + " the batch is a multiple of 8");
    }
    if ((long) shards * samples < 200L * batchSize) {
      throw new UsageException(
          "--batch-size: value is too large (%d), an epoch of %d samples has to have 200 steps"
              .formatted(batchSize, (long) shards * samples));
    }
    if (!here) {
      return elsewhere();
    }
    List<OrderFigures> all = new ArrayList<>();
    for (Shuffle shuffle : List.of(Shuffle.NONE, Shuffle.BLOCK, Shuffle.GLOBAL)) {
      OrderFigures figures = OrderFigures.measure(shuffle, shards, samples, batchSize);
      all.add(figures);
      if (!json) {
        figures.lines().forEach(line -> console().line("%s", line));
      }
    }
    if (json) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("shards", shards);
      map.put("samples", (long) shards * samples);
      map.put("batch_size", batchSize);
      map.put("orders", all.stream().map(OrderFigures::asMap).toList());
      console().json(map);
    }
    return ExitCode.DONE;
  }

  private int elsewhere() throws IOException, InterruptedException {
    Path lib = Home.directory().resolve("benchmarks/target/app/lib");
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                HEAP,
                "-p",
                lib.toString(),
                "-m",
                "dev.penstock.loader/dev.penstock.loader.cli.Main",
                "bench",
                "order",
                "--here",
                "--shards=" + shards,
                "--shard-samples=" + samples,
                "--batch-size=" + batchSize));
    if (json) {
      command.add("--json");
    }
    try (Children children = Children.inTemporaryDirectory("penstock-order-")) {
      Process process = children.start(new ProcessBuilder(command).inheritIO());
      return process.waitFor() == 0 ? ExitCode.DONE : ExitCode.FAILED;
    }
  }
}
