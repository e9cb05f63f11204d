package dev.penstock.benchmarks.pipeline;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Where a Python interpreter may be. */
public final class Python {
  private Python() {}

  /**
   * Interpreters to try, best first: {@code PENSTOCK_PYTHON}, the tests' virtual environment, the
   * one of the search path, the system's.
   */
  public static List<String> candidates(Path home) {
    List<String> found = new ArrayList<>();
    String asked = System.getenv("PENSTOCK_PYTHON");
    if (asked != null) {
      found.add(asked);
    }
    Path tests = home.resolve("python/target/venv/bin/python");
    if (Files.isExecutable(tests)) {
      found.add(tests.toString());
    }
    Tool.find("python3").ifPresent(python -> found.add(python.toString()));
    found.add("/usr/bin/python3");
    return found.stream().filter(python -> Files.isExecutable(Path.of(python))).distinct().toList();
  }

  /** Whether an interpreter can import modules, named as after {@code import}. */
  public static boolean imports(String python, String modules) {
    return Tool.works(List.of(python, "-c", "import " + modules));
  }
}
