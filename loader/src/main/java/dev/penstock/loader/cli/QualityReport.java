package dev.penstock.loader.cli;

import dev.penstock.loader.PlannedSession;
import dev.penstock.sharding.GroupedPlan;
import dev.penstock.sharding.MixEntry;
import dev.penstock.sharding.MixturePlan;
import dev.penstock.sharding.Plan;
import dev.penstock.sharding.SampledQuality;
import dev.penstock.sharding.StepPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * How far the order is from a random permutation, for people and for machines: of a mixture, each
 * source's order by itself, in batches of the rows that it has in a step.
 *
 * @param sources by name; the one of a single dataset is called by the empty string
 */
record QualityReport(Map<String, Optional<SampledQuality>> sources) {
  static QualityReport of(PlannedSession session) {
    StepPlan order = session.order();
    Map<String, Optional<SampledQuality>> sources = new LinkedHashMap<>();
    switch (order instanceof GroupedPlan grouped ? grouped.inner() : order) {
      case Plan plan -> sources.put("", SampledQuality.of(plan, rows(order, 1)));
      case MixturePlan mixture -> {
        MixEntry entry = mixture.history(session.start().index()).getLast();
        double all = entry.shares().stream().mapToDouble(Double::doubleValue).sum();
        for (int d = 0; d < mixture.sources(); d++) {
          int rows = rows(order, entry.shares().get(d) / all);
          sources.put(session.sourceNames().get(d), SampledQuality.of(mixture, d, rows));
        }
      }
      case GroupedPlan _ -> {}
    }
    return new QualityReport(sources);
  }

  /** Rows of a step, or of a share of it; for batches by lengths, as many as are usual. */
  private static int rows(StepPlan order, double share) {
    double rows = order.globalBatch();
    if (order instanceof GroupedPlan) {
      long samples = 0;
      for (int d = 0; d < order.sources(); d++) {
        samples += order.samplesOf(d);
      }
      rows = (double) samples / order.stepsPerEpoch();
    }
    return (int) Math.round(rows * share);
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    sources.forEach(
        (name, quality) -> {
          String head = name.isEmpty() ? "" : name + ": ";
          lines.add(
              "shuffle   "
                  + head
                  + quality
                      .map(QualityReport::reading)
                      .orElse("not measured, for want of two batches of 2 to 2^20 rows"));
        });
    return lines;
  }

  private static String reading(SampledQuality quality) {
    return String.format(
        Locale.ROOT,
        "moved %.0f %% as far as by a full permutation; a batch has %.0f %% of its shards, the"
            + " stored next of %s %% of rows (%s %%), and %.2f times as many pairs that meet again"
            + " next epoch; from %,d of %,d batches",
        300 * quality.measures().moved(),
        100 * quality.measures().shards(),
        percent(quality.successors()),
        percent(quality.chance()),
        quality.measures().recurrence(),
        quality.measured(),
        quality.batches());
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, share < 0.01 ? "%.2g" : "%.1f", 100 * share);
  }

  Object asJson() {
    List<Map<String, Object>> list = new ArrayList<>();
    sources.forEach((name, quality) -> list.add(one(name, quality)));
    return list;
  }

  private static Map<String, Object> one(String name, Optional<SampledQuality> quality) {
    Map<String, Object> map = new LinkedHashMap<>();
    if (!name.isEmpty()) {
      map.put("source", name);
    }
    quality.ifPresent(
        measured -> {
          map.put("batch_rows", measured.batch());
          map.put("batches_measured", measured.measured());
          map.put("batches", measured.batches());
          map.putAll(measured.measures().asMap());
          map.put("moved_of_random", 3 * measured.measures().moved());
          map.put("successor_in_batch", measured.successors());
          map.put("successor_in_batch_random", measured.chance());
        });
    return map;
  }
}
