package dev.penstock.loader.cli;

import dev.penstock.formats.ShardIndex;
import dev.penstock.loader.Dataset;
import dev.penstock.loader.SessionConfig;
import dev.penstock.loader.SessionPlan;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.GroupedPlan;
import dev.penstock.sharding.StepPlan;
import dev.penstock.sharding.StepSamples;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Which samples of which shards make a step, over all ranks.
 *
 * @param step since the run's first start
 * @param cursor of the step
 * @param rows in the order of ranks, then of rows
 */
record ExplainReport(long step, Cursor cursor, List<Map<String, Object>> rows) {

  /** A step by its number since the run's first start. */
  static ExplainReport of(SessionPlan session, long step) throws IOException {
    SessionConfig config = session.config();
    StepPlan plan = session.order();
    if (step < 0) {
      throw new UsageException("--step: value is too small (%d), 0 is the first".formatted(step));
    }
    Cursor at = plan.after(session.start(), step - session.start().step());
    if (at.step() != step || plan.ended(at, config.epochs())) {
      throw new UsageException(
          "--step: the run of %d epochs has no step %d (--epochs 0 has no end)"
              .formatted(config.epochs(), step));
    }
    StepSamples samples = new StepSamples();
    List<Map<String, Object>> rows = new ArrayList<>();
    for (int rank = 0; rank < config.world(); rank++) {
      plan.rank(rank, config.world()).fill(at, samples);
      for (int row = 0; row < samples.count(); row++) {
        rows.add(row(session, samples, rank, row));
      }
    }
    return new ExplainReport(step, at, rows);
  }

  private static Map<String, Object> row(
      SessionPlan session, StepSamples samples, int rank, int row) throws IOException {
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
    }
    return map;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(String.join("\t", rows.getFirst().keySet()));
    for (Map<String, Object> row : rows) {
      lines.add(
          row.values().stream()
              .map(value -> KeysFile.escaped(value.toString()))
              .collect(Collectors.joining("\t")));
    }
    return lines;
  }

  Map<String, Object> asMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("step", step);
    map.put("epoch", cursor.epoch());
    map.put("index", cursor.index());
    map.put("rows", rows);
    return map;
  }
}
