package dev.penstock.loader.cli;

import dev.penstock.formats.ShardIndex;
import dev.penstock.loader.Dataset;
import dev.penstock.loader.PlannedSession;
import dev.penstock.loader.SessionConfig;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.GroupedPlan;
import dev.penstock.sharding.Grouping;
import dev.penstock.sharding.StepPlan;
import dev.penstock.sharding.StepSamples;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * Which samples of which shards make some steps.
 *
 * @param steps in order
 */
record ExplainReport(List<Step> steps) {
  /** Rows that are kept in memory for a report. */
  private static final long ROWS_MAX = 1_000_000;

  /**
   * One step.
   *
   * @param cursor of the step
   * @param rows in the order of ranks, then of rows
   */
  record Step(Cursor cursor, List<Map<String, Object>> rows) {
    Map<String, Object> asMap() {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("step", cursor.step());
      map.put("epoch", cursor.epoch());
      map.put("index", cursor.index());
      map.put("rows", rows);
      return map;
    }
  }

  /**
   * Steps by their numbers since the run's first start.
   *
   * @param rank whose rows are wanted; those of all ranks if empty
   */
  static ExplainReport of(PlannedSession session, StepRange range, OptionalInt rank)
      throws IOException {
    StepPlan plan = session.order();
    int batch = plan.globalBatch();
    if (range.count() > Math.max(1, ROWS_MAX / batch)) {
      throw new UsageException(
          "--step: %d steps of %d rows are more than can be shown, %d rows; ask for fewer"
              .formatted(range.count(), batch, ROWS_MAX));
    }
    List<Step> steps = new ArrayList<>();
    Cursor at = plan.after(session.start(), range.first() - session.start().step());
    for (long step = range.first(); step < range.end(); step++) {
      if (at.step() != step || plan.ended(at, session.config().epochs())) {
        throw new UsageException(
            "--step: the run of %d epochs has no step %d (--epochs 0 has no end)"
                .formatted(session.config().epochs(), step));
      }
      steps.add(new Step(at, rows(session, at, rank)));
      at = plan.after(at, 1);
    }
    return new ExplainReport(steps);
  }

  private static List<Map<String, Object>> rows(PlannedSession session, Cursor at, OptionalInt only)
      throws IOException {
    SessionConfig config = session.config();
    StepSamples samples = new StepSamples();
    List<Map<String, Object>> rows = new ArrayList<>();
    int first = only.orElse(0);
    int end = only.isPresent() ? first + 1 : config.world();
    for (int rank = first; rank < end; rank++) {
      session.order().rank(rank, config.world()).fill(at, samples);
      for (int row = 0; row < samples.count(); row++) {
        rows.add(row(session, samples, rank, row));
      }
    }
    return rows;
  }

  private static Map<String, Object> row(
      PlannedSession session, StepSamples samples, int rank, int row) throws IOException {
    Dataset data = session.dataset();
    int shard = session.shard(samples.source(row), samples.shard(row));
    int ordinal = samples.ordinal(row);
    ShardIndex index = data.index(shard);
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("rank", rank);
    map.put("row", row);
    map.put("lane", samples.lane(row));
    map.put("epoch", samples.epoch(row));
    map.put("index", samples.index(row));
    map.put("shard", data.object(shard).name());
    map.put("sample", ordinal);
    map.put("offset", index.sampleOffset(ordinal));
    map.put("bytes", index.sampleBytes(ordinal));
    map.put("padding", !samples.valid(row));
    map.put("key", index.key(ordinal));
    if (!session.sourceNames().isEmpty()) {
      map.put("source", session.sourceNames().get(samples.source(row)));
    }
    if (session.order() instanceof GroupedPlan grouped && grouped.packs()) {
      map.put("pack", samples.pack(row));
      if (grouped.rule().longer() == Grouping.Longer.SPLIT) {
        map.put("start", samples.start(row));
      }
    }
    return map;
  }

  /** A line of names, then one a row; with several steps, each row's step before it. */
  List<String> lines() {
    boolean several = steps.size() > 1;
    List<String> lines = new ArrayList<>();
    lines.add(
        (several ? "step\t" : "") + String.join("\t", steps.getFirst().rows().getFirst().keySet()));
    for (Step step : steps) {
      String head = several ? step.cursor().step() + "\t" : "";
      for (Map<String, Object> row : step.rows()) {
        lines.add(
            row.values().stream()
                .map(value -> KeysFile.escaped(value.toString()))
                .collect(Collectors.joining("\t", head, "")));
      }
    }
    return lines;
  }

  /** One step by itself, several as a list of them. */
  Map<String, Object> asMap() {
    return steps.size() == 1
        ? steps.getFirst().asMap()
        : Map.of("steps", steps.stream().map(Step::asMap).toList());
  }
}
