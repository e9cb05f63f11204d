package dev.penstock.benchmarks.verbs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.penstock.benchmarks.shuffle.Dataset;
import dev.penstock.benchmarks.shuffle.Measured;
import dev.penstock.benchmarks.shuffle.Picture;
import dev.penstock.loader.cli.ByteSize;
import dev.penstock.loader.cli.ExitCode;
import dev.penstock.loader.cli.UsageException;
import dev.penstock.loader.cli.Verb;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How far orders are from a random permutation, beside each other. */
@Command(
    name = "shuffle",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Measures how far orders are from a random permutation.",
    description = {
      "Penstock's orders at their defaults, and with --peers those that webdataset, Mosaic"
          + " streaming",
      "and Grain compute with their own code. No data is read. Defaults are the shape of ImageNet."
    },
    footer = {
      "",
      "Examples:",
      "  penstock bench shuffle",
      "  penstock bench shuffle --peers --page shuffle.html --svg shuffle.svg"
    })
public final class ShuffleVerb extends Verb {
  private static final List<String> PEERS = List.of("webdataset", "streaming", "grain");

  @Option(
      names = "--samples",
      paramLabel = "N",
      description = "Samples of the dataset (default 1281167).")
  private int samples = 1_281_167;

  @Option(names = "--shards", paramLabel = "N", description = "Its shards (default 147).")
  private int shards = 147;

  @Option(
      names = "--sample-bytes",
      paramLabel = "SIZE",
      description = "Bytes of a sample (default 110KB).")
  private ByteSize sampleBytes = new ByteSize(110_000);

  @Option(
      names = "--batch-size",
      paramLabel = "ROWS",
      description = "Rows of a global batch (default 1024).")
  private int batchSize = 1024;

  @Option(names = "--seed", paramLabel = "N", description = "Of all orders (default 7).")
  private long seed = 7;

  @Option(
      names = "--peers",
      description = "Measure other loaders too; makes their Python environments on first use.")
  private boolean peers;

  @Option(names = "--page", paramLabel = "FILE", description = "Write an HTML page.")
  private Optional<Path> page = Optional.empty();

  @Option(names = "--svg", paramLabel = "FILE", description = "Write the drawing alone.")
  private Optional<Path> svg = Optional.empty();

  @Option(names = "--json", description = "Print the results as one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (sampleBytes.bytes() > Integer.MAX_VALUE) {
      throw new UsageException("--sample-bytes: value is too large (%s)".formatted(sampleBytes));
    }
    Dataset data =
        UsageException.check(
            () -> new Dataset(samples, shards, (int) sampleBytes.bytes(), batchSize, seed));
    List<String> left = new ArrayList<>();
    List<Measured> all;
    try (Children children = Children.inTemporaryDirectory("penstock-shuffle-")) {
      all = Measured.all(data, peers ? foreign(data, children, left) : List.of());
    }
    if (page.isPresent()) {
      Files.writeString(page.get(), Picture.page(data, all, left));
    }
    if (svg.isPresent()) {
      Files.writeString(svg.get(), Picture.svg(all));
    }
    show(all, left);
    return ExitCode.DONE;
  }

  /** What other loaders' own code computes; a loader whose environment fails is left out, named. */
  private static List<Measured.Foreign> foreign(Dataset data, Children children, List<String> left)
      throws IOException, InterruptedException {
    Path scripts = Home.directory().resolve("python/conformance");
    List<Measured.Foreign> found = new ArrayList<>();
    for (String peer : PEERS) {
      ProcessBuilder builder =
          new ProcessBuilder(
                  scripts.resolve("run").toString(),
                  peer,
                  "shuffle_orders.py",
                  peer,
                  children.directory().toString(),
                  Arrays.toString(data.lengths()),
                  Long.toString(data.seed()))
              .redirectError(ProcessBuilder.Redirect.INHERIT);
      Process process = children.start(builder);
      String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int status = process.waitFor();
      if (status != 0) {
        left.add("%s: its code ended with status %d".formatted(peer, status));
        continue;
      }
      String last = printed.strip().lines().reduce("[]", (before, line) -> line);
      for (JsonNode one : new ObjectMapper().readTree(last)) {
        List<Path> epochs = new ArrayList<>();
        one.path("epochs").forEach(path -> epochs.add(Path.of(path.asText())));
        found.add(
            new Measured.Foreign(one.path("name").asText(), one.path("about").asText(), epochs));
      }
    }
    return found;
  }

  private void show(List<Measured> all, List<String> left) {
    if (json) {
      List<Map<String, Object>> orders = new ArrayList<>();
      for (Measured one : all) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", one.name());
        map.put("about", one.about());
        map.putAll(one.quality().asMap());
        orders.add(map);
      }
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("samples", samples);
      result.put("shards", shards);
      result.put("batch_size", batchSize);
      result.put("seed", seed);
      result.put("orders", orders);
      result.put("left_out", left);
      console().json(result);
    } else {
      Picture.lines(all).forEach(line -> console().line("%s", line));
      left.forEach(one -> console().line("left out: %s", one));
    }
  }
}
