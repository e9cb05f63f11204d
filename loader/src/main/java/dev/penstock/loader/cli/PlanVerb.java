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
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
      "  penstock plan data --shuffle block --seed 7 --steps 10 --keys -",
      "  penstock plan data --cursor at.json --explain --step 1200",
      "  penstock plan data --cursor at.json --skip=-20 --cursor-out back.json"
    })
final class PlanVerb extends Verb {
  @Mixin private OrderOptions order = new OrderOptions();
  @Mixin private EngineOptions engine = new EngineOptions();

  @Option(
      names = "--keys",
      paramLabel = "FILE|-",
      order = 20,
      description = "Write epoch, step, rank, row, key and mixture's source, by tabs.")
  private Optional<String> keys = Optional.empty();

  @Option(
      names = "--explain",
      order = 21,
      description = "Say which samples of which shards make step --step.")
  private boolean explain;

  @Option(
      names = "--step",
      paramLabel = "T",
      order = 21,
      description = "The step to explain, counted from the run's first start.")
  private Optional<Long> step = Optional.empty();

  @Option(
      names = "--cursor-out",
      paramLabel = "FILE",
      order = 10,
      description = "Write the start, or where --steps end, to FILE, for --cursor.")
  private Optional<Path> cursorOut = Optional.empty();

  @Option(names = "--json", order = 22, description = "Print the results as one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    LoaderConfig config =
        UsageException.check(
            () -> order.loader().engine(engine.engine(EngineConfig.embedded())).build());
    if (explain != step.isPresent()) {
      throw new UsageException("--explain goes with --step T, the number of the step");
    }
    cursorOut.ifPresent(CursorFile::checkWritable);
    try (KeysFile file = keys.isPresent() ? KeysFile.open(keys.get(), console()) : null;
        Engine opened = Engine.open(config.engine())) {
      SessionPlan plan = UsageException.checkIo(() -> opened.plan(config.session()));
      if (file != null) {
        writeKeys(plan, order.steps(), file);
      }
      if (cursorOut.isPresent()) {
        long most = order.steps() == Long.MAX_VALUE ? 0 : order.steps();
        CursorFile.write(cursorOut.get(), plan.order().after(plan.start(), most));
      }
      if (step.isPresent()) {
        ExplainReport report = ExplainReport.of(plan, step.get());
        print(report.asMap(), report.lines());
      } else {
        PlanReport report = PlanReport.of(plan);
        print(report.asMap(), report.lines());
      }
    }
    return ExitCode.DONE;
  }

  private void print(Map<String, Object> map, List<String> lines) {
    if (json) {
      console().json(map);
      return;
    }
    boolean outIsKeys = keys.filter("-"::equals).isPresent();
    lines.forEach(line -> console().result(outIsKeys, line));
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
