package dev.penstock.benchmarks.conformance;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A loader to ask.
 *
 * @param name for tables
 * @param command that starts its adapter
 */
public record Target(String name, List<String> command) {
  /** Adapters that ship with the suite, in {@code python/conformance}. */
  public static final List<String> SHIPPED =
      List.of("penstock", "webdataset", "torchdata", "streaming", "grain", "litdata", "tfdata");

  /** A command that makes what the adapter needs, and may take minutes; empty: nothing. */
  public List<String> setUp() {
    if (!SHIPPED.contains(name) || command.size() != 2) {
      return List.of();
    }
    return List.of(command.getFirst(), name, "--make");
  }

  /**
   * A shipped name, or the path of an executable.
   *
   * @throws IllegalArgumentException for anything else
   */
  public static Target of(String name, Path home) {
    if (SHIPPED.contains(name)) {
      return new Target(name, List.of(home.resolve("python/conformance/run").toString(), name));
    }
    Path path = Path.of(name);
    if (Files.isRegularFile(path) && Files.isExecutable(path)) {
      return new Target(
          String.valueOf(path.getFileName()), List.of(path.toAbsolutePath().toString()));
    }
    throw new IllegalArgumentException(
        "TARGET: %s is neither an executable file nor one of %s"
            .formatted(name, String.join(", ", SHIPPED)));
  }
}
