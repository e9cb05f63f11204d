package dev.penstock.cache.origin;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A mount by a script of {@code .ci}: {@code fuse-mount} or {@code sshfs-mount}; tests that want
 * one are skipped where there is none.
 */
record FuseMount(Process script) implements AutoCloseable {
  /** Mounts {@code source} at {@code target}; both are made. */
  static FuseMount open(String kind, Path source, Path target) {
    try {
      Files.createDirectories(source);
      Files.createDirectories(target);
      Process script =
          new ProcessBuilder(
                  "../.ci/" + kind, source.toString(), target.toString(), target + ".log")
              .redirectError(Path.of(target + ".err").toFile())
              .start();
      String line = String.valueOf(script.inputReader().readLine());
      assumeTrue(line.startsWith("ready "), "no " + kind + ": " + line);
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
