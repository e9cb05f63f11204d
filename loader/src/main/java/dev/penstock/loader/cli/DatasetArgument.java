package dev.penstock.loader.cli;

import java.util.List;
import picocli.CommandLine.Parameters;

/** The shards that a verb works on. */
final class DatasetArgument {
  @Parameters(
      paramLabel = "DATASET",
      arity = "1..*",
      description =
          "Path or URL with {000..146} patterns, a glob, a directory, or @list.txt; several follow"
              + " each other.")
  private List<String> patterns = List.of();

  List<String> patterns() {
    return patterns;
  }
}
