package dev.penstock.loader.sidecar;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.loader.CursorJson;
import dev.penstock.loader.SessionPlan;
import java.io.IOException;
import java.util.Locale;

/** The daemon's messages ({@code docs/protocol/control.md}). */
final class Messages {
  /** The protocol version; one that differs is refused by saying both. */
  static final int PROTOCOL = 1;

  /** Longest message in bytes, length word not counted. */
  static final int FRAME_BYTES_MAX = 1 << 20;

  static final String DAEMON = "penstock 0.1.0";

  static final ObjectMapper JSON = new ObjectMapper();

  private Messages() {}

  static ObjectNode message(String type) {
    return JSON.createObjectNode().put("type", type);
  }

  static ObjectNode welcome() {
    return message("WELCOME")
        .put("protocol", PROTOCOL)
        .put("daemon", DAEMON)
        .put("pid", ProcessHandle.current().pid());
  }

  static ObjectNode error(RefusedException refused, boolean open) {
    return message("ERROR")
        .put("kind", refused.kind().name().toLowerCase(Locale.ROOT))
        .put("message", refused.text())
        .put("open", open);
  }

  static ObjectNode plan(
      SessionPlan plan, long session, long daemonEpoch, long slotBytes, int slotCount) {
    ObjectNode message =
        message("PLAN")
            .put("session", session)
            .put("daemon_epoch", daemonEpoch)
            .put("slot_bytes", slotBytes)
            .put("slot_count", slotCount)
            .put("order_id", plan.orderId())
            .put("description", plan.describe());
    plan.stepsPerEpoch()
        .ifPresentOrElse(
            steps -> message.put("batches_per_epoch", steps),
            () -> message.putNull("batches_per_epoch"));
    ArrayNode sources = message.putArray("sources");
    plan.sourceNames().forEach(sources::add);
    message.set("schema", plan.schema().toJson());
    try {
      message.set("cursor", JSON.readTree(CursorJson.write(plan.start())));
    } catch (IOException e) {
      throw new IllegalStateException("our own cursor is no JSON", e);
    }
    return message;
  }

  static ObjectNode resize(long slotBytes) {
    return message("RESIZE").put("slot_bytes", slotBytes);
  }
}
