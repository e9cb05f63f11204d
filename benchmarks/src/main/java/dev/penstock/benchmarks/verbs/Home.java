package dev.penstock.benchmarks.verbs;

import dev.penstock.loader.cli.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The source tree that {@code ./penstock} was started from, which it names by a property. */
final class Home {
  private Home() {}

  static Path directory() {
    String home = System.getProperty("penstock.home");
    if (home == null || !Files.exists(Path.of(home, "penstock"))) {
      throw new UsageException("this verb needs the source tree; start it as ./penstock there");
    }
    return Path.of(home);
  }
}
