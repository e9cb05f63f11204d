package dev.penstock.benchmarks.verbs;

import dev.penstock.benchmarks.conformance.Check;
import dev.penstock.benchmarks.conformance.Finding;
import dev.penstock.benchmarks.conformance.Report;
import dev.penstock.benchmarks.conformance.ReportPage;
import dev.penstock.benchmarks.conformance.Suite;
import dev.penstock.benchmarks.conformance.Target;
import dev.penstock.loader.cli.ExitCode;
import dev.penstock.loader.cli.UsageException;
import dev.penstock.loader.cli.Verb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Promises about order, resuming and mixtures, asked of any loader. */
@Command(
    name = "conformance",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Asks loaders for the promises of a good order: once, resumable, elastic, mixed.",
    description = {
      "Runs each loader on data that it makes, through an adapter: a small executable that reads"
          + " jobs",
      "and prints ids and states (docs/conformance.md). Adapters of other loaders make themselves"
          + " a",
      "Python environment on first use. Ends with 1 when a promise is broken."
    },
    footer = {
      "",
      "Examples:",
      "  penstock conformance",
      "  penstock conformance penstock webdataset grain --page conformance.html",
      "  penstock conformance ./my-adapter --only once,resume"
    })
public final class ConformanceVerb extends Verb {
  @Parameters(
      paramLabel = "TARGET",
      arity = "0..*",
      description =
          "penstock, webdataset, torchdata, streaming, grain, litdata, tfdata, or an executable"
              + " (default penstock).")
  private List<String> targets = List.of("penstock");

  @Option(
      names = "--only",
      paramLabel = "CHECK",
      split = ",",
      description = "Ask only these, separated by commas; --list shows them.")
  private List<String> only = List.of();

  @Option(names = "--list", description = "List the checks and ask nothing.")
  private boolean list;

  @Option(names = "--brief", description = "Fewer random positions, for a test.")
  private boolean brief;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of the random positions (default 1); data and orders do not depend on it.")
  private long seed = 1;

  @Option(
      names = "--patience",
      paramLabel = "S",
      description = "Seconds an adapter may be silent before it has failed (default 120).")
  private int patience = 120;

  @Option(
      names = "--log",
      paramLabel = "FILE",
      description = "Append what adapters say on standard error (default: thrown away).")
  private Optional<Path> log = Optional.empty();

  @Option(names = "--page", paramLabel = "FILE", description = "Write an HTML page.")
  private Optional<Path> page = Optional.empty();

  @Option(names = "--json", description = "Print the results as one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (list) {
      Suite.checks().forEach(c -> console().line("%-12s  %s", c.name(), c.asks()));
      return ExitCode.DONE;
    }
    Path home = Home.directory();
    checkOptions();
    List<Target> asked =
        UsageException.check(() -> targets.stream().map(name -> Target.of(name, home)).toList());
    List<Suite.Scores> scores = new ArrayList<>();
    try (Children children = Children.inTemporaryDirectory("penstock-asks-")) {
      Path errors = log.orElse(children.directory().resolve("adapters.log")).toAbsolutePath();
      Suite suite =
          new Suite(
              children.directory(),
              errors,
              Duration.ofSeconds(patience),
              brief,
              seed,
              new LinkedHashSet<>(only));
      for (Target target : asked) {
        setUp(children, target); // all of them first, so that none fails after an hour of others
      }
      for (Target target : asked) {
        console().note("%s:", target.name());
        Suite.Scores one = suite.ask(target, this::tell);
        console().note("  %s", Report.summary(one));
        scores.add(one);
      }
    }
    show(new Report(scores, settings()));
    boolean failed = scores.stream().anyMatch(Suite.Scores::failed);
    return failed ? ExitCode.FAILED : ExitCode.DONE;
  }

  private void tell(Check check, Finding finding, double seconds) {
    console()
        .note(
            "  %-12s %-13s %5.1f s  %s",
            check.name(), finding.outcome().word(), seconds, finding.detail());
  }

  /** Before the clock of {@code --patience} runs: an environment takes minutes to make. */
  private static void setUp(Children children, Target target)
      throws IOException, InterruptedException {
    if (target.setUp().isEmpty()) {
      return;
    }
    ProcessBuilder builder =
        new ProcessBuilder(target.setUp())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    int status = children.start(builder).waitFor();
    if (status != 0) {
      throw new IOException(
          "%s could not be set up: %s ended with status %d"
              .formatted(target.name(), String.join(" ", target.setUp()), status));
    }
  }

  private void checkOptions() {
    Set<String> known = new LinkedHashSet<>(Suite.checks().stream().map(Check::name).toList());
    for (String name : only) {
      if (!known.contains(name)) {
        throw new UsageException(
            "--only: there is no check %s; there are %s".formatted(name, known));
      }
    }
    if (patience < 1) {
      throw new UsageException(
          "--patience: value is too small (%d), at least 1".formatted(patience));
    }
    if (new LinkedHashSet<>(targets).size() < targets.size()) {
      throw new UsageException("TARGET: one is named twice");
    }
  }

  private Map<String, Object> settings() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("seed", seed);
    settings.put("brief", brief);
    settings.put("patience_seconds", patience);
    settings.put("processors", Runtime.getRuntime().availableProcessors());
    return settings;
  }

  private void show(Report report) throws IOException {
    if (page.isPresent()) {
      Files.writeString(page.get(), ReportPage.of(report));
    }
    if (json) {
      console().json(report.asMap());
    } else {
      report.table().forEach(line -> console().line("%s", line));
    }
  }
}
