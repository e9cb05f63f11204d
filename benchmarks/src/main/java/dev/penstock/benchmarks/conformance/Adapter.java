package dev.penstock.benchmarks.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * One running adapter: lines to its standard input, lines from its standard output. Lines that are
 * no JSON object are passed over, since libraries print. For one thread.
 */
final class Adapter implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Lines that may wait; a full queue stops the adapter at its pipe. */
  private static final int LINES = 32;

  private static final int GRACE_SECONDS = 5;
  private static final String END = "";

  private final Process process;
  private final Writer input;
  private final Path log;
  private final long logBegan;
  private final Duration patience;
  private final BlockingQueue<String> lines = new ArrayBlockingQueue<>(LINES);
  private final Thread reader;
  private boolean ended;

  /**
   * Starts it.
   *
   * @param log its standard error is appended here
   * @param patience how long it may be silent
   */
  Adapter(Target target, Path directory, Path log, Duration patience) throws IOException {
    this.log = log;
    this.logBegan = Files.exists(log) ? Files.size(log) : 0;
    this.patience = patience;
    ProcessBuilder builder =
        new ProcessBuilder(target.command())
            .directory(directory.toFile())
            .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().put("TMPDIR", directory.toString());
    this.process = builder.start();
    this.input = process.outputWriter(StandardCharsets.UTF_8);
    this.reader = Thread.ofVirtual().name("conformance-adapter").start(this::readLines);
  }

  private void readLines() {
    try (BufferedReader from = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = from.readLine(); line != null; line = from.readLine()) {
        if (line.startsWith("{")) {
          lines.put(line);
        }
      }
      lines.put(END);
    } catch (IOException e) {
      lines.clear(); // killed: nobody asks for what it said last
      lines.add(END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Writes one line. */
  void say(JsonNode line) throws IOException {
    try {
      input.write(line + "\n");
      input.flush();
    } catch (IOException e) {
      throw new AdapterException("it took no more jobs: " + e.getMessage() + lastWords());
    }
  }

  /**
   * The next line.
   *
   * @throws NotSupportedException when it says so
   * @throws AdapterException when it failed, ended or said nothing for too long
   */
  JsonNode hear() throws IOException, InterruptedException {
    String line = ended ? END : lines.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
    if (line == null) {
      throw new AdapterException(
          "it printed nothing for %d s".formatted(patience.toSeconds()) + lastWords());
    }
    if (line.equals(END)) {
      ended = true;
      throw new AdapterException("it ended before its job was done" + lastWords());
    }
    JsonNode said = parse(line);
    if (said.has("unsupported")) {
      throw new NotSupportedException(said.path("unsupported").asText());
    }
    if (said.has("failed")) {
      throw new AdapterException(said.path("failed").asText());
    }
    return said;
  }

  private static JsonNode parse(String line) throws AdapterException {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new AdapterException("it printed what is no JSON: " + Trace.shortened(line));
    }
  }

  /** The last line of its standard error, which is where a program says why it died. */
  private String lastWords() throws IOException {
    byte[] all = Files.readAllBytes(log);
    String own =
        new String(all, (int) logBegan, all.length - (int) logBegan, StandardCharsets.UTF_8);
    List<String> said = own.lines().map(String::strip).filter(s -> !s.isEmpty()).toList();
    return said.isEmpty() ? "" : "; its standard error ends: " + Trace.shortened(said.getLast());
  }

  /** Kills the adapter's own process at once (SIGKILL), then whatever it had started. */
  void kill() {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroyForcibly();
    children.forEach(ProcessHandle::destroyForcibly);
    reader.interrupt();
    ended = true;
  }

  /** Lets it end by itself, and kills it if it does not. */
  @Override
  public void close() throws IOException {
    List<ProcessHandle> children = process.descendants().toList();
    try {
      input.close();
    } catch (IOException e) {
      ended = true; // it was gone already
    }
    reader.interrupt();
    try {
      if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    children.forEach(ProcessHandle::destroyForcibly);
  }
}
