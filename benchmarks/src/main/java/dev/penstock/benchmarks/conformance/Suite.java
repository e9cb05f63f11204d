package dev.penstock.benchmarks.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** All checks, asked of one loader after the other. */
public final class Suite {
  private final Path directory;
  private final Path log;
  private final Duration patience;
  private final boolean brief;
  private final long seed;
  private final Set<String> only;

  /**
   * A suite.
   *
   * @param directory an empty one, for data and what adapters make of it
   * @param log a file to which adapters' standard error is appended
   * @param patience how long an adapter may be silent before it has failed
   * @param brief fewer random positions
   * @param seed of random positions
   * @param only names of the checks to ask; empty: all
   */
  public Suite(
      Path directory, Path log, Duration patience, boolean brief, long seed, Set<String> only) {
    this.directory = directory;
    this.log = log;
    this.patience = patience;
    this.brief = brief;
    this.seed = seed;
    this.only = Set.copyOf(only);
  }

  /** All checks in the order of the table. */
  public static List<Check> checks() {
    return Stream.of(OrderChecks.all(), ResumeChecks.all(), MixChecks.all(), Measures.all())
        .flatMap(List::stream)
        .toList();
  }

  /** Told as they come. */
  @FunctionalInterface
  public interface Progress {
    /** A check was asked. */
    void found(Check check, Finding finding, double seconds);
  }

  /**
   * Asks one loader.
   *
   * @return its findings by the checks' names
   * @throws IOException when the adapter does not start, or the disk fails
   */
  public Scores ask(Target target, Progress progress) throws IOException, InterruptedException {
    Map<String, Finding> findings = new LinkedHashMap<>();
    Path own = Files.createDirectory(directory.resolve("t-" + target.name()));
    Path shards = directory.resolve("shards");
    try (Lab lab = new Lab(target, shards, own, log, patience, brief, seed)) {
      JsonNode hello;
      try {
        hello = lab.hello();
      } catch (AdapterException e) {
        throw new IOException(
            "the adapter of %s did not start: %s".formatted(target.name(), e.getMessage()), e);
      }
      for (Check check : checks()) {
        if (only.isEmpty() || only.contains(check.name())) {
          long began = System.nanoTime();
          Finding finding = ask(check, lab);
          findings.put(check.name(), finding);
          progress.found(check, finding, (System.nanoTime() - began) / 1e9);
        }
      }
      return new Scores(
          target.name(), hello.path("version").asText(), notes(hello.path("notes")), findings);
    }
  }

  private static Finding ask(Check check, Lab lab) throws IOException, InterruptedException {
    try {
      return check.question().ask(lab);
    } catch (NotSupportedException e) {
      return new Finding(Finding.Outcome.NOT_SUPPORTED, Trace.shortened(e.getMessage()), Map.of());
    } catch (AdapterException e) {
      return Finding.fail(Trace.shortened(e.getMessage()));
    }
  }

  private static List<String> notes(JsonNode notes) {
    List<String> texts = new ArrayList<>();
    notes.forEach(note -> texts.add(note.asText()));
    return texts;
  }

  /**
   * What one loader was found to do.
   *
   * @param target its name
   * @param version as its adapter says
   * @param notes how the adapter set it up, in its own words
   * @param findings by the checks' names, in the order of the table
   */
  public record Scores(
      String target, String version, List<String> notes, Map<String, Finding> findings) {
    /** Whether a promise was broken. */
    public boolean failed() {
      return count(Finding.Outcome.FAIL) > 0;
    }

    long count(Finding.Outcome outcome) {
      return findings.values().stream().filter(f -> f.outcome() == outcome).count();
    }
  }
}
