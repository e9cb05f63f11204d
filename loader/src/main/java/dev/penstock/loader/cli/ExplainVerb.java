package dev.penstock.loader.cli;

import dev.penstock.loader.Engine;
import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.LoaderConfig;
import dev.penstock.loader.PlannedSession;
import dev.penstock.loader.SessionPlan;
import java.io.IOException;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The samples of a step, by arithmetic. */
@Command(
    name = "explain",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Says which samples of which shards made a step.",
    description = {
      "By arithmetic, for any step of the run: name data, order and batch as the run had them, or",
      "a cursor that it saved. Rows of all ranks, or with --rank of that one."
    },
    footer = {
      "",
      "Examples:",
      "  penstock explain data --batch-size 128 --world 8 --seed 7 --step 1200",
      "  penstock explain data --batch-size 128 --world 8 --cursor at.json --step 1200..1203 --json"
    })
final class ExplainVerb extends Verb {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private OrderOptions order = new OrderOptions();
  @Mixin private EngineOptions engine = new EngineOptions();

  @Option(
      names = "--step",
      required = true,
      paramLabel = "T|FROM..TO",
      order = 8,
      description = "The step, counted from the run's first start; or steps, without TO.")
  private @Nullable StepRange step;

  @Option(names = "--json", order = 22, description = "Print the results as one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    StepRange range = step;
    if (range == null || order.steps() != Long.MAX_VALUE) {
      throw new UsageException("--steps: name the steps by --step, as --step 1200..1203");
    }
    LoaderConfig config =
        UsageException.check(
            () -> order.loader().engine(engine.engine(EngineConfig.embedded())).build());
    try (Engine opened = Engine.open(config.engine())) {
      SessionPlan plan = UsageException.checkIo(() -> opened.plan(config.session()));
      if (!(plan instanceof PlannedSession planned)) {
        throw new UsageException(
            "--shuffle: in the order of arrival nobody knows which samples make a step before it is"
                + " read; read --shuffle arrival --keys tells afterwards");
      }
      ExplainReport report = ExplainReport.of(planned, range, rank(config));
      if (json) {
        console().json(report.asMap());
      } else {
        report.lines().forEach(line -> console().result(false, line));
      }
    }
    return ExitCode.DONE;
  }

  /** The rank that was asked for, if one was: its default means all of them here. */
  private OptionalInt rank(LoaderConfig config) {
    boolean named = spec != null && spec.commandLine().getParseResult().hasMatchedOption("--rank");
    return named ? OptionalInt.of(config.session().rank()) : OptionalInt.empty();
  }
}
