package dev.penstock.benchmarks.verbs;

import dev.penstock.benchmarks.data.SampleShards;
import dev.penstock.loader.cli.Console;
import dev.penstock.loader.cli.ExitCode;
import dev.penstock.loader.cli.Main;
import dev.penstock.loader.cli.Verb;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;

/**
 * Reads a little data and serves for a moment, so that the Java machine can note what a real start
 * loads: {@code ./penstock} runs it once after building, for its ahead-of-time cache.
 */
@Command(name = "rehearse", hidden = true, header = "Does a little of everything once.")
public final class RehearseVerb extends Verb {
  private static final int SAMPLES = 2000;
  private static final int SAMPLE_BYTES = 4000;
  private static final String MEMORY = "--memory=64MiB";

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    Console silent = new Console(nowhere, console().err());
    try (Children children = Children.inTemporaryDirectory("penstock-rehearse-")) {
      Path data = Files.createDirectory(children.directory().resolve("data"));
      SampleShards.plainTar(SAMPLES, SAMPLE_BYTES, 4, 7).write(data);
      int status = Main.run(silent, "read", data.toString(), MEMORY, "--epochs=3", "--json");
      Process parent = children.start(new ProcessBuilder("sleep", "0.3"));
      Path runDirectory = children.directory().resolve("run");
      status +=
          Main.run(
              silent, "serve", "--run-dir=" + runDirectory, "--parent-pid=" + parent.pid(), MEMORY);
      return status == 0 ? ExitCode.DONE : ExitCode.FAILED;
    }
  }
}
