package dev.penstock.benchmarks.verbs;

import dev.penstock.loader.cli.ExitCode;
import dev.penstock.loader.cli.Verb;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * Runs JMH in a Java machine of its own, on the class path: JMH starts its forks with the class
 * path of its own machine and knows nothing of modules.
 */
@Command(
    name = "jmh",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Runs the JMH benchmarks that match.",
    description = {"What follows -- goes to JMH as it is."},
    footer = {
      "",
      "Examples:",
      "  penstock bench jmh Order",
      "  penstock bench jmh Gather -- -f 1 -i 3 -rf json -rff gather.json"
    })
public final class JmhVerb extends Verb {
  @Parameters(
      paramLabel = "REGEX",
      arity = "0..*",
      description = "Which benchmarks (default: all), then options of JMH.")
  private List<String> arguments = List.of();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path app = Home.directory().resolve("benchmarks/target/app");
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "-cp",
                app.resolve("lib") + "/*" + File.pathSeparator + app.resolve("jmh") + "/*",
                "org.openjdk.jmh.Main"));
    command.addAll(arguments);
    int status = new ProcessBuilder(command).inheritIO().start().waitFor();
    return status == 0 ? ExitCode.DONE : ExitCode.FAILED;
  }
}
