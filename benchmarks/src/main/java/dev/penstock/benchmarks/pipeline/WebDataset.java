package dev.penstock.benchmarks.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The webdataset package, iterating over the same shards in one Python process. */
final class WebDataset implements Contender {
  private final Path script;
  private final Optional<String> python;
  private final List<Path> shards;
  private final long fileBytes;

  WebDataset(Path home, List<Path> shards, long fileBytes) {
    this.script = home.resolve("benchmarks/src/main/python/webdataset_read.py");
    this.python =
        Python.candidates(home).stream()
            .filter(one -> Python.imports(one, "webdataset"))
            .findFirst();
    this.shards = shards;
    this.fileBytes = fileBytes;
  }

  @Override
  public String name() {
    return "webdataset";
  }

  @Override
  public Optional<String> missing() {
    return python.isPresent()
        ? Optional.empty()
        : Optional.of("no Python found that can import webdataset");
  }

  @Override
  public Measured round() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(python.orElseThrow(), script.toString()));
    shards.forEach(shard -> command.add(shard.toString()));
    JsonNode printed = Tool.json(command);
    return new Measured(
        fileBytes,
        printed.path("samples").asLong(),
        printed.path("seconds").asDouble(),
        printed.path("cpu_seconds").asDouble());
  }
}
