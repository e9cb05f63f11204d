package dev.penstock.loader.cli;

import dev.penstock.loader.Dataset;
import dev.penstock.loader.PlannedSession;
import dev.penstock.loader.SessionConfig;
import dev.penstock.sharding.DatasetShape;
import dev.penstock.sharding.End;
import dev.penstock.sharding.GroupedPlan;
import dev.penstock.sharding.Grouping;
import dev.penstock.sharding.MixEntry;
import dev.penstock.sharding.Mixture;
import dev.penstock.sharding.MixturePlan;
import dev.penstock.sharding.OrderSpec;
import dev.penstock.sharding.Plan;
import dev.penstock.sharding.SourceOrder;
import dev.penstock.sharding.StepPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a run would do, for people and for machines.
 *
 * @param plan the session
 * @param samples of an epoch
 * @param bytes of them, decoded
 * @param tail samples of an epoch beyond its full steps
 * @param hostBytes at most, read by each of as many hosts as there are ranks, in an epoch
 */
record PlanReport(PlannedSession plan, long samples, long bytes, long tail, long hostBytes) {
  static PlanReport of(PlannedSession plan) {
    StepPlan order = plan.order();
    long samples = 0;
    long bytes = 0;
    for (int source = 0; source < order.sources(); source++) {
      samples += order.shape(source).sampleCount();
      bytes += order.shape(source).totalBytes();
    }
    int world = plan.config().world();
    double share = (double) bytes / world * order.readAmplification(world);
    long tail = samples % order.globalBatch();
    return new PlanReport(plan, samples, bytes, tail, Math.min(bytes, (long) share));
  }

  List<String> lines() {
    StepPlan order = plan.order();
    SessionConfig config = plan.config();
    Dataset data = plan.dataset();
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "dataset   %,d samples in %,d shards, %s decoded, %s; fields %s",
            samples,
            data.shardCount(),
            new ByteSize(bytes),
            data.format().kind().toString().toLowerCase(Locale.ROOT),
            String.join(" ", data.fieldNames())));
    switch (samples(order)) {
      case Plan one -> lines.add("          fingerprint " + one.shape().fingerprint());
      case MixturePlan mixture -> addSources(lines, mixture);
      case GroupedPlan _ -> {}
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "steps     %,d an epoch, of %,d %s (%,d on each of %,d ranks)",
            order.stepsPerEpoch(),
            order.globalBatch(),
            order instanceof GroupedPlan grouped && grouped.packs() ? "packs" : "rows",
            config.batchSize(),
            config.world()));
    if (order instanceof GroupedPlan grouped) {
      lines.add("batches   " + describe(grouped));
    }
    switch (samples(order)) {
      case Plan one -> addOrder(lines, one);
      case MixturePlan mixture -> addOrder(lines, mixture);
      case GroupedPlan _ -> {}
    }
    lines.add("          order id " + order.orderId());
    lines.add(
        String.format(
            Locale.ROOT,
            "memory    working set %,d samples, %s for the whole job; batches of %s",
            order.workingSetSamples(),
            new ByteSize(order.workingSetBytes()),
            new ByteSize(plan.slotBytes())));
    lines.add(
        String.format(
            Locale.ROOT,
            "hosts     with one rank a host, each reads at most %s an epoch",
            new ByteSize(hostBytes)));
    return lines;
  }

  /** The order of the samples, whatever they are grouped into. */
  private static StepPlan samples(StepPlan order) {
    return order instanceof GroupedPlan grouped ? grouped.inner() : order;
  }

  private static String describe(GroupedPlan order) {
    Grouping rule = order.rule();
    return String.format(
        Locale.ROOT,
        "%s%s, formed in groups of %,d samples; the number of steps is an estimate from the first",
        name(rule.kind()),
        rule.budget() == 0 ? "" : " of %,d tokens".formatted(rule.budget()),
        rule.group());
  }

  private void addSources(List<String> lines, MixturePlan order) {
    MixEntry entry = entry(order);
    for (int d = 0; d < order.sources(); d++) {
      DatasetShape shape = order.shape(d);
      SourceOrder source = order.mixture().sources().get(d);
      lines.add(
          String.format(
              Locale.ROOT,
              "source    %s: %.3f %% of the rows, from %,d samples in %,d shards, %s%s; window %,d,"
                  + " %,d groups, extents of %,d samples, working set %s",
              source.name(),
              100 * share(entry, d),
              shape.sampleCount(),
              shape.shardCount(),
              new ByteSize(shape.totalBytes()),
              source.epochs() == 0 ? "" : ", used up after %d epochs".formatted(source.epochs()),
              source.window(),
              source.groups(),
              source.extentSamples(),
              new ByteSize(order.sourceWorkingSetBytes(d))));
      lines.add("          fingerprint " + shape.fingerprint());
    }
  }

  /** The weights that hold where the session starts. */
  private MixEntry entry(MixturePlan order) {
    return order.history(plan.start().index()).getLast();
  }

  private static double share(MixEntry entry, int source) {
    double sum = entry.shares().stream().mapToDouble(Double::doubleValue).sum();
    return entry.shares().get(source) / sum;
  }

  private void addOrder(List<String> lines, Plan order) {
    OrderSpec spec = order.spec();
    lines.add(
        String.format(Locale.ROOT, "tail      %,d samples: %s", tail, tailMeaning(spec.end())));
    lines.add(
        String.format(
            Locale.ROOT,
            "order     %s, seed %d: %,d lanes, window %,d, %,d groups, extents of %,d samples",
            name(spec.shuffle()),
            spec.seed(),
            spec.lanes(),
            spec.window(),
            spec.groups(),
            spec.extentSamples()));
  }

  private void addOrder(List<String> lines, MixturePlan order) {
    Mixture mixture = order.mixture();
    lines.add(
        String.format(
            Locale.ROOT,
            "order     mixture, %s, seed %d: %,d lanes, shares exact over %,d rows; used up: %s",
            name(mixture.shuffle()),
            mixture.seed(),
            mixture.lanes(),
            entry(order).cycle(),
            name(mixture.usedUp())));
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private String tailMeaning(End end) {
    if (tail == 0) {
      return "every step is full";
    }
    return switch (end) {
      case DROP -> "left out of every epoch";
      case PAD -> "the last step is filled up with repeats, marked";
      case CARRY -> "the last step goes on into the next epoch";
    };
  }

  Map<String, Object> asMap() {
    StepPlan order = plan.order();
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("samples", samples);
    map.put("shards", plan.dataset().shardCount());
    map.put("decoded_bytes", bytes);
    map.put("format", plan.dataset().format().kind().toString().toLowerCase(Locale.ROOT));
    map.put("fields", plan.dataset().fieldNames());
    map.put("steps_per_epoch", order.stepsPerEpoch());
    map.put("global_batch", order.globalBatch());
    map.put("lanes", order.lanes());
    if (order instanceof GroupedPlan grouped) {
      map.put("batching", name(grouped.rule().kind()));
      map.put("batching_group_samples", grouped.rule().group());
      map.put("batching_budget_tokens", grouped.rule().budget());
    }
    switch (samples(order)) {
      case Plan one -> putOrder(map, one);
      case MixturePlan mixture -> putOrder(map, mixture);
      case GroupedPlan _ -> {}
    }
    map.put("order_id", order.orderId());
    map.put("working_set_samples", order.workingSetSamples());
    map.put("working_set_bytes", order.workingSetBytes());
    map.put("slot_bytes", plan.slotBytes());
    map.put("host_bytes_per_epoch_max", hostBytes);
    return map;
  }

  private void putOrder(Map<String, Object> map, Plan order) {
    OrderSpec spec = order.spec();
    map.put("fingerprint", order.shape().fingerprint());
    map.put("tail_samples", tail);
    map.put("shuffle", name(spec.shuffle()));
    map.put("end", name(spec.end()));
    map.put("seed", spec.seed());
    map.put("window", spec.window());
    map.put("groups", spec.groups());
    map.put("extent_samples", spec.extentSamples());
  }

  private void putOrder(Map<String, Object> map, MixturePlan order) {
    Mixture mixture = order.mixture();
    MixEntry entry = entry(order);
    map.put("shuffle", name(mixture.shuffle()));
    map.put("seed", mixture.seed());
    map.put("cycle", entry.cycle());
    map.put("used_up", name(mixture.usedUp()));
    List<Map<String, Object>> sources = new ArrayList<>();
    for (int d = 0; d < order.sources(); d++) {
      SourceOrder source = mixture.sources().get(d);
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("name", source.name());
      one.put("fingerprint", source.fingerprint());
      one.put("share", share(entry, d));
      one.put("samples", order.shape(d).sampleCount());
      one.put("shards", order.shape(d).shardCount());
      one.put("decoded_bytes", order.shape(d).totalBytes());
      one.put("epochs", source.epochs());
      one.put("window", source.window());
      one.put("groups", source.groups());
      one.put("extent_samples", source.extentSamples());
      one.put("working_set_bytes", order.sourceWorkingSetBytes(d));
      sources.add(one);
    }
    map.put("sources", sources);
  }
}
