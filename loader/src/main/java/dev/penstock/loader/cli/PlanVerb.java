package dev.penstock.loader.cli;

import dev.penstock.loader.Engine;
import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.LoaderConfig;
import dev.penstock.loader.SessionConfig;
import dev.penstock.loader.SessionPlan;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.RankView;
import dev.penstock.sharding.StepPlan;
import dev.penstock.sharding.StepSamples;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The order without the bytes. */
@Command(
    name = "plan",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Says what a run would do, without reading samples.",
    description = {
      "Steps, tail, working set, bytes each host reads, and on request the order itself."
    },
    footer = {
      "",
      "Examples:",
      "  penstock plan 'data/train-{000000..000146}.tar' --batch-size 128 --world 8",
      "  penstock plan data --shuffle block --seed 7 --steps 10 --keys -"
    })
final class PlanVerb extends Verb {
  @Mixin private OrderOptions order = new OrderOptions();
  @Mixin private EngineOptions engine = new EngineOptions();

  @Option(
      names = "--keys",
      paramLabel = "FILE|-",
      order = 20,
      description =
          "Write a line per sample: epoch, step, rank, row, key, and of a mixture the source;"
              + " tab-separated.")
  private Optional<String> keys = Optional.empty();

  @Option(names = "--json", order = 22, description = "Print the results as one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    LoaderConfig config =
        UsageException.check(
            () -> order.loader().engine(engine.engine(EngineConfig.embedded())).build());
    long most = order.steps();
    try (KeysFile file = keys.isPresent() ? KeysFile.open(keys.get(), console()) : null;
        Engine opened = Engine.open(config.engine())) {
      SessionPlan plan = UsageException.checkIo(() -> opened.plan(config.session()));
      if (file != null) {
        writeKeys(plan, most, file);
      }
      PlanReport report = PlanReport.of(plan);
      if (json) {
        console().json(report.asMap());
      } else {
        boolean outIsKeys = keys.filter("-"::equals).isPresent();
        report.lines().forEach(line -> console().result(outIsKeys, line));
      }
    }
    return ExitCode.DONE;
  }

  private static void writeKeys(SessionPlan session, long most, KeysFile file) throws IOException {
    SessionConfig config = session.config();
    StepPlan plan = session.order();
    List<String> sources = session.sourceNames();
    RankView view = plan.rank(config.rank(), config.world());
    StepSamples step = new StepSamples();
    Cursor at = session.start();
    for (long done = 0; done < most && !plan.ended(at, config.epochs()); done++) {
      at = view.fill(at, step);
      for (int row = 0; row < step.count(); row++) {
        int shard = session.shard(step.source(row), step.shard(row));
        String key = session.dataset().key(shard, step.ordinal(row));
        String source = sources.isEmpty() ? "" : sources.get(step.source(row));
        file.add(step.epoch(), step.step(), config.rank(), row, key, source);
      }
      file.endStep();
    }
  }
}
