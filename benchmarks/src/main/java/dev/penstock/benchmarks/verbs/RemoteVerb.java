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
      description = "Leave out the SDK's clients, which run in a process of their own.")
  private boolean ours;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (rounds < 0 || objects < 1 || depth < 1) {
      throw new UsageException("--objects and --depth must be at least 1, --rounds at least 0");
    }
    int status = run(false);
    if (status == 0 && !ours && rounds > 0) {
      status = run(true);
    }
    return status == 0 ? ExitCode.DONE : ExitCode.FAILED;
  }

  /** A process for ours, one for the SDK's, each with the bare socket. */
  private int run(boolean peers) throws IOException, InterruptedException {
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
            Boolean.toString(peers));
    ProcessBuilder child = new ProcessBuilder(command).inheritIO();
    // The same credentials as RemoteBenchmark gives the SDK's clients: signing costs everybody.
    child.environment().put("AWS_ACCESS_KEY_ID", "bench");
    child.environment().put("AWS_SECRET_ACCESS_KEY", "bench-secret");
    return child.start().waitFor();
  }
}
