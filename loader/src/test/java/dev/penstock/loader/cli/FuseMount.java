package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A FUSE mount by {@code .ci/fuse-mount}; tests that want one are skipped where there is none. */
final class FuseMount implements AutoCloseable {
  private static final Pattern REQUEST = Pattern.compile("opcode: ([A-Z]+) ");

  private final Process script;
  private final Path log;
  private final ProcessHandle daemon;

  private FuseMount(Process script, Path log, ProcessHandle daemon) {
    this.script = script;
    this.log = log;
    this.daemon = daemon;
  }

  /** Mounts {@code source} at {@code target}, which it makes. */
  static FuseMount open(Path source, Path target) throws IOException {
    Files.createDirectories(target);
    Path log = Path.of(target + ".log");
    Process script =
        new ProcessBuilder(
                List.of("../.ci/fuse-mount", source.toString(), target.toString(), log.toString()))
            .redirectError(Path.of(target + ".err").toFile())
            .start();
    BufferedReader said = script.inputReader();
    String line = String.valueOf(said.readLine());
    assumeTrue(line.startsWith("ready "), "no FUSE mount: " + line);
    long pid = Long.parseLong(line.substring("ready ".length()));
    return new FuseMount(script, log, ProcessHandle.of(pid).orElseThrow());
  }

  /** Kills the process behind the mount, which stays: reads of it fail. */
  void kill() {
    daemon.destroyForcibly();
    daemon.onExit().join();
  }

  /** Grows with each request. */
  long logBytes() throws IOException {
    return Files.size(log);
  }

  /** Requests that the kernel made of the file system so far, by their names. */
  Map<String, Integer> requests() throws IOException {
    Map<String, Integer> counts = new TreeMap<>();
    Matcher matcher = REQUEST.matcher(Files.readString(log));
    while (matcher.find()) {
      counts.merge(matcher.group(1), 1, Integer::sum);
    }
    return counts;
  }

  @Override
  public void close() throws IOException {
    script.getOutputStream().close();
    script.onExit().join();
  }
}
