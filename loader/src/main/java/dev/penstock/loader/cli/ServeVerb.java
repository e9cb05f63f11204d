package dev.penstock.loader.cli;

import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.sidecar.Sidecar;
import dev.penstock.loader.sidecar.SidecarConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The sidecar. */
@Command(
    name = "serve",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Runs the sidecar, which fills the rings of the trainers on this host.",
    description = {
      "Prints a line with the word ready when trainers can connect, and serves until it is"
          + " stopped.",
      "What is read, and in which order, the trainers say."
    },
    footer = {
      "",
      "Examples:",
      "  penstock serve --run-dir run --memory 8GiB --cpus 4",
      "  penstock serve --run-dir run --allow data --max-sessions 8"
    })
final class ServeVerb extends Verb {
  @Mixin private RunDirectoryOption runDirectory = new RunDirectoryOption();
  @Mixin private EngineOptions engine = new EngineOptions();
  @Mixin private CacheOptions cache = new CacheOptions();

  @Option(
      names = "--allow",
      paramLabel = "PREFIX",
      order = 10,
      description = "Serve only data below this directory or URL (default: all). May be repeated.")
  private List<String> allowed = List.of();

  @Option(
      names = "--max-sessions",
      paramLabel = "N",
      order = 11,
      description = "Ranks served at once; they share the memory equally (default 8).")
  private int maxSessions = 8;

  @Option(
      names = "--ring-slots",
      paramLabel = "N",
      order = 12,
      description = "Batches of a rank that may wait or be held, unless it asks (default 4).")
  private Optional<Integer> slots = Optional.empty();

  @Option(
      names = "--parent-pid",
      paramLabel = "PID",
      order = 13,
      description = "End with this process, and remove the run directory.")
  private Optional<Long> parent = Optional.empty();

  @Option(
      names = "--metrics-port",
      paramLabel = "PORT",
      order = 14,
      description = "Serve metrics for Prometheus on this loopback port; 0 takes a free one.")
  private Optional<Integer> metricsPort = Optional.empty();

  @Option(
      names = "--cache-dataset-quota",
      paramLabel = "SIZE",
      order = 66,
      description = "Most bytes of them that one dataset may fill (default: all).")
  private Optional<ByteSize> datasetQuota = Optional.empty();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path directory = runDirectory.path();
    EngineConfig shared = cache.add(engine.engine(EngineConfig.embedded()), datasetQuota);
    SidecarConfig config =
        UsageException.check(
            () -> {
              SidecarConfig base =
                  SidecarConfig.of(directory, shared.withMaxSessions(maxSessions))
                      .withAllowed(allowed);
              SidecarConfig sized = slots.map(base::withSlots).orElse(base);
              SidecarConfig watched = metricsPort.map(sized::withMetricsPort).orElse(sized);
              return parent.map(watched::withParentPid).orElse(watched);
            });
    try (Sidecar sidecar = Sidecar.open(config)) {
      console().line("ready     %s", sidecar.socket());
      console().out().flush();
      sidecar.run();
    }
    return ExitCode.DONE;
  }
}
