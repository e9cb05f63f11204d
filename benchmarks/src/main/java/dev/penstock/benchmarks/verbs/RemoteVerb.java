package dev.penstock.benchmarks.verbs;

import dev.penstock.loader.cli.ExitCode;
import dev.penstock.loader.cli.UsageException;
import dev.penstock.loader.cli.Verb;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Compares readers of ranges, in Java machines of their own on the class path. */
@Command(
    name = "remote",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Compares our HTTP and S3 reading with a bare socket and the AWS SDK's clients.",
    description = {
      "On loopback: rate and processor time, then with 10 ms more latency, then how long ranges"
          + " take",
      "and how late they are with 1 %% of the answers stalled for 1 s."
    },
    footer = {
      "",
      "Examples:",
      "  penstock bench remote",
      "  penstock bench remote --ours --rounds 15"
    })
public final class RemoteVerb extends Verb {
  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Rounds over all clients (default 7); 0 for the stalls alone.")
  private int rounds = 7;

  @Option(names = "--objects", paramLabel = "N", description = "Objects of 64 MiB (default 8).")
  private int objects = 8;

  @Option(names = "--depth", paramLabel = "N", description = "Requests in flight (default 8).")
  private int depth = 8;

  @Option(
      names = "--ours",
      description = "Leave the SDK's clients out, as a process does that reads.")
  private boolean ours;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (rounds < 0 || objects < 1 || depth < 1) {
      throw new UsageException("--objects and --depth must be at least 1, --rounds at least 0");
    }
    Path app = Home.directory().resolve("benchmarks/target/app");
    String path =
        String.join(
            File.pathSeparator,
            app.resolve("lib") + "/*",
            app.resolve("origins") + "/*",
            app.resolve("jmh") + "/*");
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx1g",
            "-cp",
            path,
            "dev.penstock.benchmarks.remote.RemoteBenchmark",
            Integer.toString(rounds),
            Integer.toString(objects),
            Integer.toString(depth),
            Boolean.toString(!ours));
    ProcessBuilder child = new ProcessBuilder(command).inheritIO();
    // The same credentials as RemoteBenchmark gives the SDK's clients: signing costs everybody.
    child.environment().put("AWS_ACCESS_KEY_ID", "bench");
    child.environment().put("AWS_SECRET_ACCESS_KEY", "bench-secret");
    int status = child.start().waitFor();
    return status == 0 ? ExitCode.DONE : ExitCode.FAILED;
  }
}
