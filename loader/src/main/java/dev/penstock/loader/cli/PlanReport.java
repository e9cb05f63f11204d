package dev.penstock.loader.cli;

import dev.penstock.loader.Dataset;
import dev.penstock.loader.SessionConfig;
import dev.penstock.loader.SessionPlan;
import dev.penstock.sharding.End;
import dev.penstock.sharding.OrderSpec;
import dev.penstock.sharding.Plan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a run would do, for people and for machines.
 *
 * @param plan the session
 * @param tail samples of an epoch beyond its full steps
 * @param hostBytes at most, read by each of as many hosts as there are ranks, in an epoch
 */
record PlanReport(SessionPlan plan, long tail, long hostBytes) {
  static PlanReport of(SessionPlan plan) {
    Plan order = plan.order();
    long tail = order.shape().sampleCount() % order.spec().globalBatch();
    return new PlanReport(plan, tail, hostBytes(plan));
  }

  /**
   * A host's share, and the stretch of lanes that it shares with its neighbours: {@code 1 + (N -
   * 1)/L} of the share. In stored order every host touches every step's range, block by block.
   */
  private static long hostBytes(SessionPlan plan) {
    Plan order = plan.order();
    double share = (double) order.shape().totalBytes() / plan.config().world();
    double extra =
        order.spec().lanes() == 1 ? 0 : (plan.config().world() - 1.0) / order.spec().lanes();
    return Math.min(order.shape().totalBytes(), (long) (share * (1 + extra)));
  }

  List<String> lines() {
    Plan order = plan.order();
    OrderSpec spec = order.spec();
    SessionConfig config = plan.config();
    Dataset data = plan.dataset();
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "dataset   %,d samples in %,d shards, %s decoded, %s; fields %s",
            order.shape().sampleCount(),
            order.shape().shardCount(),
            new ByteSize(order.shape().totalBytes()),
            data.format().kind().toString().toLowerCase(Locale.ROOT),
            String.join(" ", data.fieldNames())));
    lines.add("          fingerprint " + order.shape().fingerprint());
    lines.add(
        String.format(
            Locale.ROOT,
            "steps     %,d an epoch, of %,d rows (%,d on each of %,d ranks)",
            order.stepsPerEpoch(),
            spec.globalBatch(),
            config.batchSize(),
            config.world()));
    lines.add(
        String.format(Locale.ROOT, "tail      %,d samples: %s", tail, tailMeaning(spec.end())));
    lines.add(
        String.format(
            Locale.ROOT,
            "order     %s, seed %d: %,d lanes, window %,d, %,d groups, extents of %,d samples",
            spec.shuffle().toString().toLowerCase(Locale.ROOT),
            spec.seed(),
            spec.lanes(),
            spec.window(),
            spec.groups(),
            spec.extentSamples()));
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
    Plan order = plan.order();
    OrderSpec spec = order.spec();
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("samples", order.shape().sampleCount());
    map.put("shards", order.shape().shardCount());
    map.put("decoded_bytes", order.shape().totalBytes());
    map.put("format", plan.dataset().format().kind().toString().toLowerCase(Locale.ROOT));
    map.put("fields", plan.dataset().fieldNames());
    map.put("fingerprint", order.shape().fingerprint());
    map.put("steps_per_epoch", order.stepsPerEpoch());
    map.put("global_batch", spec.globalBatch());
    map.put("tail_samples", tail);
    map.put("shuffle", spec.shuffle().toString().toLowerCase(Locale.ROOT));
    map.put("end", spec.end().toString().toLowerCase(Locale.ROOT));
    map.put("seed", spec.seed());
    map.put("lanes", spec.lanes());
    map.put("window", spec.window());
    map.put("groups", spec.groups());
    map.put("extent_samples", spec.extentSamples());
    map.put("order_id", order.orderId());
    map.put("working_set_samples", order.workingSetSamples());
    map.put("working_set_bytes", order.workingSetBytes());
    map.put("slot_bytes", plan.slotBytes());
    map.put("host_bytes_per_epoch_max", hostBytes);
    return map;
  }
}
