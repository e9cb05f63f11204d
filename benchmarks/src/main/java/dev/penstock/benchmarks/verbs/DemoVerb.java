package dev.penstock.benchmarks.verbs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.penstock.benchmarks.data.PictureShards;
import dev.penstock.benchmarks.pipeline.Python;
import dev.penstock.loader.cli.ExitCode;
import dev.penstock.loader.cli.UsageException;
import dev.penstock.loader.cli.Verb;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The main job in one go, on data that it makes. */
@Command(
    name = "demo",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Trains a small model on pictures that it makes, and cleans up.",
    description = {
      "Makes a WebDataset, starts the sidecar, trains from Python for a few seconds, says how long"
          + " the",
      "trainer waited for data, and removes everything."
    },
    footer = {"", "Example:", "  penstock demo --seconds 20"})
public final class DemoVerb extends Verb {
  private static final int SHARDS = 8;
  private static final long SEED = 7;
  private static final double WAITED_LITTLE_PERCENT = 5;

  @Option(names = "--seconds", paramLabel = "S", description = "How long to train (default 8).")
  private int seconds = 8;

  @Option(
      names = "--pictures",
      paramLabel = "N",
      description = "How many pictures to make, in 8 shards (default 8000).")
  private int pictures = 8000;

  @Option(
      names = "--batch-size",
      paramLabel = "ROWS",
      description = "Rows of a batch (default 64).")
  private int batchSize = 64;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (seconds < 1 || batchSize < 1 || pictures < SHARDS * batchSize) {
      throw new UsageException(
          "demo needs --seconds and --batch-size of at least 1 and --pictures of at least 8"
              + " batches");
    }
    Path home = Home.directory();
    String python = python(home);
    try (Children children = Children.inTemporaryDirectory("penstock-demo-")) {
      Path data = Files.createDirectory(children.directory().resolve("data"));
      long bytes = PictureShards.write(data, pictures, SHARDS, SEED);
      console()
          .line(
              "made      %,d PNG pictures of 32 x 32 in 8 tar shards, %.1f MB",
              pictures, bytes / 1e6);
      Path runDirectory = children.directory().resolve("run");
      Path log = children.directory().resolve("sidecar.log");
      Process sidecar = startSidecar(children, home, runDirectory, log);
      console().line("sidecar   serves in %s (process %d)", runDirectory, sidecar.pid());
      JsonNode summary = train(children, home, python, data, runDirectory);
      return report(summary);
    }
  }

  private static String python(Path home) {
    List<String> candidates = Python.candidates(home);
    for (String module : List.of("torch, numpy", "numpy")) {
      for (String python : candidates) {
        if (Python.imports(python, module)) {
          return python;
        }
      }
    }
    throw new UsageException(
        "the trainer needs Python 3.9 or newer with numpy; tried %s. Install the package"
                .formatted(candidates)
            + " python3-numpy (and python3-torch to train with PyTorch), or name an interpreter"
            + " in PENSTOCK_PYTHON.");
  }

  private static Process startSidecar(Children children, Path home, Path runDirectory, Path log)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
                home.resolve("penstock").toString(),
                "serve",
                "--run-dir",
                runDirectory.toString(),
                "--memory",
                "256MiB",
                "--parent-pid",
                Long.toString(ProcessHandle.current().pid()))
            .redirectError(log.toFile());
    builder.environment().put("PENSTOCK_BUILD", "off");
    Process sidecar = children.start(builder);
    BufferedReader said = sidecar.inputReader(StandardCharsets.UTF_8);
    String line = said.readLine();
    if (line == null || !line.contains("ready")) {
      throw new IOException(
          "the sidecar did not get ready; it said: %s %s"
              .formatted(line == null ? "" : line, Files.readString(log).strip()));
    }
    return sidecar;
  }

  /** Runs the trainer, passes its lines on, and returns its summary, which is the last line. */
  private JsonNode train(Children children, Path home, String python, Path data, Path runDirectory)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
                python,
                home.resolve("python/examples/train_pictures.py").toString(),
                data + "/pictures-{000000..%06d}.tar".formatted(SHARDS - 1),
                "--run-dir",
                runDirectory.toString(),
                "--seconds",
                Integer.toString(seconds),
                "--batch-size",
                Integer.toString(batchSize))
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("PYTHONPATH", home.resolve("python").toString());
    builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
    Process trainer = children.start(builder);
    String last = "";
    BufferedReader said = trainer.inputReader(StandardCharsets.UTF_8);
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      if (!line.startsWith("{")) {
        console().line("trainer   %s", line);
        console().out().flush();
      }
      last = line;
    }
    int status = trainer.waitFor();
    if (status != 0) {
      throw new IOException("the trainer ended with status " + status);
    }
    return new ObjectMapper().readTree(last);
  }

  private int report(JsonNode summary) {
    double wall = summary.path("seconds").asDouble();
    double waited = 100 * summary.path("waited_seconds").asDouble() / wall;
    double first = summary.path("first_loss").asDouble();
    double last = summary.path("last_loss").asDouble();
    long samples = summary.path("samples").asLong();
    console().line("rate      %,.0f samples/s (%,d in %.1f s)", samples / wall, samples, wall);
    console().line("waited    %.1f %% of the time for data", waited);
    boolean learned = last < first;
    console()
        .line(
            "verdict   the model %s (loss %.3f to %.3f) and %s",
            learned ? "learns" : "did not learn",
            first,
            last,
            waited < WAITED_LITTLE_PERCENT
                ? "the data was there before it was asked for"
                : "waited for data: storage or processors are the limit here");
    return learned ? ExitCode.DONE : ExitCode.FAILED;
  }
}
