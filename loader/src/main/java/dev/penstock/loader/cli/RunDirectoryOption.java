package dev.penstock.loader.cli;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Where a sidecar has its socket. */
final class RunDirectoryOption {
  @Option(
      names = "--run-dir",
      paramLabel = "DIR",
      order = 1,
      description = "The sidecar's run directory (default: environment PENSTOCK_RUN_DIR).")
  private Optional<Path> directory = Optional.empty();

  Path path() {
    return directory
        .or(() -> Optional.ofNullable(System.getenv("PENSTOCK_RUN_DIR")).map(Path::of))
        .orElseThrow(
            () ->
                new UsageException(
                    "--run-dir: no run directory was named, here or in PENSTOCK_RUN_DIR"));
  }
}
