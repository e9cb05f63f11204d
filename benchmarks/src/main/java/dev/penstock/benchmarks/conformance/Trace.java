package dev.penstock.benchmarks.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one rank's run printed.
 *
 * @param steps in order
 * @param firstNanos from the job's line to its first step's; 0 when there was no step
 */
record Trace(List<Step> steps, long firstNanos) {
  /**
   * One batch of one rank.
   *
   * @param epoch that it belongs to
   * @param ids keys of the samples, in order, without rows marked as padding
   * @param state after it, where it was asked for
   * @param stateBytes how large the loader's own form of that state is
   */
  record Step(int epoch, List<String> ids, Optional<JsonNode> state, long stateBytes) {
    static Step parse(JsonNode line) throws AdapterException {
      List<String> ids = new ArrayList<>();
      JsonNode valid = line.path("valid");
      for (int i = 0; i < line.path("ids").size(); i++) {
        if (!valid.isArray() || valid.path(i).asBoolean()) {
          ids.add(line.path("ids").path(i).asText());
        }
      }
      if (!line.path("ids").isArray() || !line.path("epoch").isInt()) {
        throw new AdapterException("a step needs \"epoch\" and \"ids\": " + shortened(line));
      }
      Optional<JsonNode> state = Optional.ofNullable(line.get("state"));
      long bytes =
          line.has("state_bytes")
              ? line.path("state_bytes").asLong()
              : state.map(s -> s.toString().getBytes(StandardCharsets.UTF_8).length).orElse(0);
      return new Step(line.path("epoch").asInt(), List.copyOf(ids), state, bytes);
    }
  }

  static String shortened(@Nullable Object value) {
    String text = String.valueOf(value);
    return text.length() <= 200 ? text : text.substring(0, 200) + " …";
  }

  /** All ids, one step after the other. */
  List<String> ids() {
    return ids(0);
  }

  /** All ids after so many steps. */
  List<String> ids(int from) {
    return steps.subList(Math.min(from, steps.size()), steps.size()).stream()
        .flatMap(step -> step.ids().stream())
        .toList();
  }

  /** Ids of one epoch. */
  List<String> idsOfEpoch(int epoch) {
    return steps.stream()
        .filter(step -> step.epoch() == epoch)
        .flatMap(step -> step.ids().stream())
        .toList();
  }

  /** The state after so many steps, at least 1. */
  JsonNode stateAfter(int count) throws IOException {
    if (count > steps.size() || steps.get(count - 1).state().isEmpty()) {
      throw new AdapterException(
          "no \"state\" was printed after step %d of %d".formatted(count, steps.size()));
    }
    return steps.get(count - 1).state().get();
  }
}
