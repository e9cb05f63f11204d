package dev.penstock.benchmarks.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.penstock.benchmarks.conformance.Finding.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The suite itself: a loader that keeps its promises passes, one that breaks a promise fails it.
 */
class SuiteTest {
  private static final Path TOY = Path.of("src/test/python/toy_adapter.py").toAbsolutePath();
  private static final Path PYTHON = Path.of("/usr/bin/python3");

  @TempDir private Path directory;

  @BeforeAll
  static void needsPython() {
    assumeTrue(Files.isExecutable(PYTHON), "there is no " + PYTHON);
  }

  /** The toy under a name that says what is wrong with it. */
  private Target toy(String fault) throws IOException {
    Path link = directory.resolve("toy-" + fault);
    Files.createSymbolicLink(link, TOY);
    return new Target("toy-" + fault, List.of(PYTHON.toString(), link.toString()));
  }

  private Suite.Scores ask(String fault, int patienceMillis, Set<String> only)
      throws IOException, InterruptedException {
    Path log = directory.resolve("log");
    Suite suite =
        new Suite(directory, log, Duration.ofMillis(patienceMillis), true, 1, Set.copyOf(only));
    return suite.ask(toy(fault), (check, finding, seconds) -> {});
  }

  private static Set<String> having(Suite.Scores scores, Outcome outcome) {
    return scores.findings().entrySet().stream()
        .filter(e -> e.getValue().outcome() == outcome)
        .map(e -> e.getKey())
        .collect(Collectors.toSet());
  }

  private static Finding found(Suite.Scores scores, String name) {
    return Objects.requireNonNull(scores.findings().get(name), name);
  }

  private static double number(Finding finding, String name) {
    if (finding.figures().get(name) instanceof Number number) {
      return number.doubleValue();
    }
    throw new AssertionError(name + " is no figure of " + finding);
  }

  @Test
  void anHonestLoaderPassesAll() throws IOException, InterruptedException {
    Suite.Scores scores = ask("honest", 60_000, Set.of());
    assertEquals(Set.of(), having(scores, Outcome.FAIL), scores::toString);
    assertEquals(Set.of(), having(scores, Outcome.NOT_SUPPORTED), scores::toString);
    assertEquals(Set.of("state", "seek", "shuffle"), having(scores, Outcome.MEASURED));
    assertEquals(Suite.checks().size(), scores.findings().size());
    assertEquals(true, found(scores, "state").figures().get("same_on_all_ranks"));
    double chi = number(found(scores, "shuffle"), "chi_square_per_degree");
    assertTrue(Math.abs(chi - 1) < 0.5, () -> "a full shuffle has chi-square " + chi);
    Report report = new Report(List.of(scores), Map.of("seed", 1));
    assertTrue(report.table().getFirst().contains("toy-honest"), report.table()::toString);
    String page = ReportPage.of(report);
    assertTrue(page.contains("toy-honest") && page.endsWith("</html>\n"));
  }

  /** What is wrong, the checks that are asked, and those of them that have to fail. */
  @ParameterizedTest
  @CsvSource({
    "drops, once+equal-steps, once",
    "ghost, once+equal-steps, once",
    "by-workers, workers+world+once, workers",
    "by-world, world+resize+once+same-seed, world+resize",
    "uneven-steps, equal-steps, equal-steps",
    "unseeded, same-seed+other-seed, same-seed",
    "constant, same-seed+other-seed, other-seed",
    "skips-one, resume+kill+resize+once+mix-resume, resume+kill+resize",
    "random-mix, mix+mix-weights+once, mix+mix-weights",
    "forgets-mix, mix+mix-resume+mix-weights, mix-resume+mix-weights",
    "dies, once+seek, once+seek",
  })
  void aBrokenPromiseFailsItsCheckAndNoOther(String fault, String asked, String failing)
      throws IOException, InterruptedException {
    Suite.Scores scores = ask(fault, 60_000, Set.of(asked.split("\\+")));
    assertEquals(Set.of(failing.split("\\+")), having(scores, Outcome.FAIL), scores::toString);
    for (String name : having(scores, Outcome.FAIL)) {
      String detail = found(scores, name).detail();
      assertTrue(detail.matches("(?s).*\\d.*|.*broken.*|.*nobody.*"), () -> name + ": " + detail);
    }
  }

  @Test
  void whatIsNotOfferedIsNeitherPassedNorFailed() throws IOException, InterruptedException {
    Suite.Scores stateless =
        ask("stateless", 60_000, Set.of("once", "resume", "kill", "resize", "state", "seek"));
    assertEquals(
        Set.of("resume", "kill", "resize", "state", "seek"),
        having(stateless, Outcome.NOT_SUPPORTED));
    assertEquals(Set.of("once"), having(stateless, Outcome.PASS));
    assertEquals("it has no state", found(stateless, "resume").detail());
  }

  @Test
  void aStateOfOneWorldSizeIsNotResized() throws IOException, InterruptedException {
    Suite.Scores scores = ask("by-rank", 60_000, Set.of("resume", "resize"));
    assertEquals(Set.of("resize"), having(scores, Outcome.NOT_SUPPORTED), scores::toString);
    assertEquals(Set.of("resume"), having(scores, Outcome.PASS), scores::toString);
  }

  @Test
  void anAdapterThatFallsSilentFailsAndIsEnded() throws IOException, InterruptedException {
    Suite.Scores scores = ask("hangs", 8_000, Set.of("equal-steps"));
    assertEquals(Set.of("equal-steps"), having(scores, Outcome.FAIL), scores::toString);
    assertTrue(found(scores, "equal-steps").detail().contains("printed nothing"));
    List<ProcessHandle> left = new ArrayList<>(ProcessHandle.current().children().toList());
    assertEquals(
        List.of(),
        left.stream()
            .filter(p -> p.info().commandLine().orElse("").contains("toy-hangs"))
            .toList());
  }

  @Test
  void theSizeOfAStateIsMeasured() throws IOException, InterruptedException {
    Suite.Scores scores = ask("grows", 60_000, Set.of("state"));
    Finding state = found(scores, "state");
    double early = number(state, "bytes_after_first_step");
    assertTrue(number(state, "bytes_late") > early + 10, state::toString);
  }

  @Test
  void targetsAreShippedNamesOrExecutables() {
    assertEquals("grain", Target.of("grain", Path.of("home")).name());
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> Target.of("no-such-loader", Path.of("home")));
    assertTrue(e.toString().contains("webdataset"), e::toString);
  }
}
