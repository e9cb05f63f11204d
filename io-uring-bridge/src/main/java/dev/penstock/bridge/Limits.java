package dev.penstock.bridge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The process's resource limits, in words that say what to try. */
final class Limits {
  private Limits() {}

  /** The soft limit of locked memory and how to raise it. */
  static String lockedMemory() {
    return "locked memory is limited to %s bytes: try ulimit -l unlimited, or LimitMEMLOCK=infinity"
            .formatted(soft("Max locked memory"))
        + " in a systemd unit, or docker run --ulimit memlock=-1";
  }

  /** A soft limit as /proc/self/limits prints it; "an unknown number of" where there is none. */
  private static String soft(String name) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
        if (line.startsWith(name)) {
          return line.substring(name.length()).strip().split(" +", 2)[0];
        }
      }
    } catch (IOException e) {
      // No procfs: the text below is all that can be said.
    }
    return "an unknown number of";
  }
}
