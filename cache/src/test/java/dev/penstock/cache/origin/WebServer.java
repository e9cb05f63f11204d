package dev.penstock.cache.origin;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A web server by {@code .ci/web-server}; tests that want one are skipped where there is none.
 *
 * @param script that ends it
 * @param url of its root, without a slash at its end
 */
record WebServer(Process script, String url) implements AutoCloseable {
  /** Serves what is below {@code root}, which it makes; {@code scratch} is for the server. */
  static WebServer open(String kind, Path root, Path scratch) {
    try {
      Files.createDirectories(root);
      Process script =
          new ProcessBuilder("../.ci/web-server", kind, root.toString(), scratch.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String line = String.valueOf(script.inputReader().readLine());
      assumeTrue(line.startsWith("ready "), "no " + kind + ": " + line);
      return new WebServer(script, line.substring("ready ".length()));
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
