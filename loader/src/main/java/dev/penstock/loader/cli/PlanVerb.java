package dev.penstock.loader.cli;

import dev.penstock.loader.ArrivalSession;
import dev.penstock.loader.Engine;
import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.LoaderConfig;
import dev.penstock.loader.PlannedSession;
import dev.penstock.loader.SessionConfig;
import dev.penstock.loader.SessionPlan;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.RankView;
import dev.penstock.sharding.Shuffle;
import dev.penstock.sharding.StepPlan;
import dev.penstock.sharding.StepSamples;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
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
      "Steps, tail, working set, bytes each host reads, shuffle quality, the way to the first",
      "batch, and on request the order itself."
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
      description = "Say which samples of which shards make step --step, as explain does.")
  private boolean explain;

  @Option(
      names = "--step",
      paramLabel = "T",
      order = 21,
      description = "The step to explain, counted from the run's first start.")
  private Optional<StepRange> step = Optional.empty();

  @Option(
      names = "--cursor-out",
      paramLabel = "FILE",
      order = 10,
      description = "Write the start, or where --steps end, to FILE, for --cursor.")
  private Optional<Path> cursorOut = Optional.empty();

  @Option(
      names = "--store",
      paramLabel = "RATE[,MS]",
      order = 22,
      description = "Seconds to the first batch from a store as 1GB,20: a second, ms a request.")
  private Optional<StoreSpeed> store = Optional.empty();

  @Option(
      names = "--probe",
      order = 22,
      description = "Read up to the first batch and say how long it took.")
  private boolean probe;

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
    if (explain && (probe || store.isPresent())) {
      throw new UsageException("--explain says nothing of time: leave --probe and --store out");
    }
    if (config.session().shuffle() == Shuffle.ARRIVAL) {
      refuseArrival();
    }
    cursorOut.ifPresent(CursorFile::checkWritable);
    Optional<FirstBatchReport.Measured> measured =
        probe
            ? UsageException.checkIo(() -> FirstBatchReport.Measured.of(config))
            : Optional.empty();
    try (KeysFile file = keys.isPresent() ? KeysFile.open(keys.get(), console()) : null;
        Engine opened = Engine.open(config.engine())) {
      SessionPlan plan = UsageException.checkIo(() -> opened.plan(config.session()));
      switch (plan) {
        case PlannedSession planned -> show(planned, file, opened, measured);
        case ArrivalSession arrival -> show(arrival);
      }
    }
    return ExitCode.DONE;
  }

  private void report(PlannedSession session, FirstBatchReport first) {
    PlanReport plan = PlanReport.of(session);
    QualityReport quality = QualityReport.of(session);
    List<String> lines = new ArrayList<>(plan.lines());
    lines.addAll(quality.lines());
    lines.addAll(first.lines());
    Map<String, Object> map = plan.asMap();
    map.put("shuffle_quality", quality.asJson());
    map.put("first_batch", first.asMap());
    print(map, lines);
  }

  private void show(
      PlannedSession plan,
      @Nullable KeysFile file,
      Engine opened,
      Optional<FirstBatchReport.Measured> measured)
      throws IOException {
    if (file != null) {
      writeKeys(plan, order.steps(), file);
    }
    if (cursorOut.isPresent()) {
      long most = order.steps() == Long.MAX_VALUE ? 0 : order.steps();
      CursorFile.write(cursorOut.get(), plan.order().after(plan.start(), most));
    }
    if (step.isPresent()) {
      ExplainReport report = ExplainReport.of(plan, step.get(), OptionalInt.empty());
      print(report.asMap(), report.lines());
    } else {
      report(plan, new FirstBatchReport(plan, opened.firstBatch(plan), store, measured));
    }
  }

  /** Without an index, all that is known of steps is where they start. */
  private void show(ArrivalSession plan) throws IOException {
    if (cursorOut.isPresent()) {
      CursorFile.write(cursorOut.get(), plan.start());
    }
    ArrivalReport report = new ArrivalReport(plan);
    print(report.asMap(), report.lines());
  }

  private void refuseArrival() {
    refuse("--keys", keys.isPresent(), "read --shuffle arrival --keys writes them");
    refuse("--explain", step.isPresent(), "read --shuffle arrival --keys tells afterwards");
    refuse(
        "--steps", order.steps() != Long.MAX_VALUE, "read --shuffle arrival --cursor-out goes on");
    refuse("--store", store.isPresent(), "read --shuffle arrival --steps 1 takes the time");
    refuse("--probe", probe, "read --shuffle arrival --steps 1 takes the time");
  }

  private static void refuse(String option, boolean given, String instead) {
    if (given) {
      throw new UsageException(
          "%s: in the order of arrival nobody knows which samples make a step before it is read; %s"
              .formatted(option, instead));
    }
  }

  private void print(Map<String, Object> map, List<String> lines) {
    if (json) {
      console().json(map);
      return;
    }
    boolean outIsKeys = keys.filter("-"::equals).isPresent();
    lines.forEach(line -> console().result(outIsKeys, line));
  }

  private static void writeKeys(PlannedSession session, long most, KeysFile file)
      throws IOException {
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
