package dev.penstock.benchmarks.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Programs of the machine that a benchmark compares with. */
final class Tool {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SHOWN_CHARACTERS = 2000;

  private Tool() {}

  /** The program's place on the search path. */
  static Optional<Path> find(String name) {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin");
    return Stream.of(path.split(":", -1))
        .filter(directory -> !directory.isEmpty())
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** What a command printed on standard output. */
  static String run(List<String> command) throws IOException, InterruptedException {
    Path errors = Files.createTempFile("penstock-bench-", ".log");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectError(errors.toFile())
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .start();
      String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int status = process.waitFor();
      if (status != 0) {
        String said = Files.readString(errors, StandardCharsets.ISO_8859_1);
        throw new IOException(
            "%s ended with status %d: %s"
                .formatted(
                    command.getFirst(),
                    status,
                    said.substring(0, Math.min(said.length(), SHOWN_CHARACTERS)).strip()));
      }
      return printed;
    } finally {
      Files.delete(errors);
    }
  }

  /** The JSON object that a command printed. */
  static JsonNode json(List<String> command) throws IOException, InterruptedException {
    String printed = run(command);
    return JSON.readTree(printed.substring(Math.max(0, printed.indexOf('{'))));
  }

  /** Whether a command ends well, its output thrown away. */
  static boolean works(List<String> command) {
    try {
      run(command);
      return true;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
