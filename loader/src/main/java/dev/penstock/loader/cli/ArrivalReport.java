package dev.penstock.loader.cli;

import dev.penstock.loader.ArrivalSession;
import dev.penstock.sharding.ArrivalOrder;
import dev.penstock.sharding.ArrivalSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What a run in the order of arrival would do, as far as that is known without an index.
 *
 * @param plan the session
 */
record ArrivalReport(ArrivalSession plan) {
  /** Shards named as those that are opened first. */
  private static final int SHOWN = 8;

  List<String> lines() {
    ArrivalOrder order = plan.arrival();
    ArrivalSpec spec = order.spec();
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "dataset   %,d shards, %s, %s; samples are not known: no index is read",
            order.shards(),
            stored(),
            format()));
    lines.add("          list of shards " + plan.start().fingerprint());
    lines.add(
        "steps     no end and no epochs; their content is known when they are read (read --keys)");
    lines.add(
        String.format(
            Locale.ROOT,
            "order     arrival, seed %d: %,d lanes, windows of at most %,d samples and %s",
            spec.seed(),
            spec.lanes(),
            spec.window(),
            new ByteSize(spec.windowBytes())));
    lines.add("          order id " + plan.orderId());
    lines.add(
        String.format(
            Locale.ROOT,
            "rank      %d of %d: %,d of the shards in each pass%s",
            spec.rank(),
            spec.world(),
            order.shardsOfPass(),
            order.parts() == 1
                ? ""
                : ", and every %d-th sample of them: there are fewer than ranks"
                    .formatted(order.parts())));
    lines.add("          opens " + String.join(", ", first()));
    lines.add(
        String.format(
            Locale.ROOT,
            "memory    windows of %s on this rank; batches of %s, as the first samples suggest",
            new ByteSize(plan.workingSetBytes()),
            new ByteSize(plan.slotBytes())));
    return lines;
  }

  private String format() {
    return plan.format().kind().toString().toLowerCase(Locale.ROOT);
  }

  private String stored() {
    OptionalLong bytes = plan.shards().storedBytes();
    return bytes.isPresent()
        ? "%s as stored".formatted(new ByteSize(bytes.getAsLong()))
        : "not looked for before they are opened";
  }

  /** The shards that are opened next, in their order. */
  private List<String> first() {
    int[] pass = plan.arrival().pass(plan.start().pass());
    List<String> first = new ArrayList<>();
    for (int place = plan.start().next(); place < pass.length && first.size() < SHOWN; place++) {
      first.add(plan.shards().name(pass[place]));
    }
    return first;
  }

  Map<String, Object> asMap() {
    ArrivalOrder order = plan.arrival();
    ArrivalSpec spec = order.spec();
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("shuffle", "arrival");
    map.put("shards", order.shards());
    plan.shards().storedBytes().ifPresent(bytes -> map.put("stored_bytes", bytes));
    map.put("format", format());
    map.put("fields", plan.schema().fields().stream().map(field -> field.name()).toList());
    map.put("fingerprint", plan.start().fingerprint());
    map.put("seed", spec.seed());
    map.put("lanes", spec.lanes());
    map.put("window", spec.window());
    map.put("window_bytes", spec.windowBytes());
    map.put("rank_shards_per_pass", order.shardsOfPass());
    map.put("ranks_per_shard", order.parts());
    map.put("opens", first());
    map.put("order_id", plan.orderId());
    map.put("working_set_bytes", plan.workingSetBytes());
    map.put("slot_bytes", plan.slotBytes());
    return map;
  }
}
