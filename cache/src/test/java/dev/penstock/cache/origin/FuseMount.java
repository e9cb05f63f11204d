package dev.penstock.cache.origin;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A FUSE mount by {@code .ci/fuse-mount}; tests that want one are skipped where there is none. */
record FuseMount(Process script) implements AutoCloseable {
  /** Mounts {@code source} at {@code target}; both are made. */
  static FuseMount open(Path source, Path target) {
    try {
      Files.createDirectories(source);
      Files.createDirectories(target);
      Process script =
          new ProcessBuilder(
                  "../.ci/fuse-mount", source.toString(), target.toString(), target + ".log")
              .redirectError(Path.of(target + ".err").toFile())
              .start();
      String line = String.valueOf(script.inputReader().readLine());
      assumeTrue(line.startsWith("ready "), "no FUSE mount: " + line);
      return new FuseMount(script);
    } catch (IOException failure) {
      throw new IllegalStateException(failure);
    }
  }

  @Override
  public void close() {
    script.destroy();
    script.onExit().join();
  }
}
