package dev.penstock.loader.sidecar;

import com.fasterxml.jackson.databind.JsonNode;
import dev.penstock.loader.BadSamplePolicy;
import dev.penstock.loader.Batching;
import dev.penstock.loader.CacheUse;
import dev.penstock.loader.CursorJson;
import dev.penstock.loader.DataPart;
import dev.penstock.loader.FieldSpec;
import dev.penstock.loader.MixForm;
import dev.penstock.loader.SampleFilter;
import dev.penstock.loader.SessionConfig;
import dev.penstock.sharding.End;
import dev.penstock.sharding.Position;
import dev.penstock.sharding.Shuffle;
import dev.penstock.sharding.UsedUp;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What an {@code OPEN} message asks for.
 *
 * @param session data, order and batches
 * @param slots wanted number of slots, if any
 * @param minSlotBytes smallest slot that will do, from an earlier {@code RESIZE}; else 0
 */
record OpenRequest(SessionConfig session, OptionalInt slots, long minSlotBytes) {
  private static final Set<String> KEYS =
      Set.of(
          "type",
          "dataset",
          "mix",
          "used_up",
          "filter",
          "skip",
          "batching",
          "order_id",
          "cache",
          "cache_quota",
          "job",
          "batch_size",
          "rank",
          "world_size",
          "shuffle",
          "seed",
          "epochs",
          "end",
          "fields",
          "on_bad",
          "cursor",
          "lanes",
          "window",
          "groups",
          "extent_samples",
          "raw_records",
          "slots",
          "min_slot_bytes");

  /** Reads a message; every fault names the key. */
  static OpenRequest of(JsonNode json) throws RefusedException {
    for (String key : (Iterable<String>) json::fieldNames) {
      if (!KEYS.contains(key)) {
        throw bad("OPEN has an unknown key '%s'; known are %s".formatted(key, KEYS));
      }
    }
    try {
      SessionConfig session =
          new SessionConfig(
              texts(json, "dataset"),
              Math.toIntExact(number(json, "batch_size", 64)),
              Math.toIntExact(number(json, "rank", 0)),
              Math.toIntExact(number(json, "world_size", 1)),
              choice(json, "shuffle", Shuffle.BLOCK),
              number(json, "seed", 0),
              number(json, "epochs", 0),
              choice(json, "end", End.DROP),
              fields(json),
              choice(json, "on_bad", BadSamplePolicy.FAIL),
              SessionConfig.DEFAULT_MAX_BAD_SAMPLES,
              cursor(json),
              optional(json, "lanes"),
              optional(json, "window"),
              optional(json, "groups"),
              optional(json, "extent_samples"),
              json.path("raw_records").asBoolean(false),
              DataPart.flatten(MixForm.parseAll(json.path("mix"))),
              choice(json, "used_up", UsedUp.STOP),
              SampleFilter.parseAll(texts(json, "filter")),
              number(json, "skip", 0),
              Optional.ofNullable(json.path("batching").textValue()).map(Batching::parse),
              Optional.ofNullable(json.path("order_id").textValue()),
              CacheUse.parse(json.path("cache").asText("use"))
                  .withQuota(number(json, "cache_quota", Long.MAX_VALUE))
                  .ofJob(text(json, "job")));
      return new OpenRequest(session, optional(json, "slots"), number(json, "min_slot_bytes", 0));
    } catch (IllegalArgumentException | ArithmeticException e) {
      if (String.valueOf(e.getMessage()).startsWith("cursor")) {
        throw new RefusedException(RefusedException.Kind.CURSOR, e);
      }
      throw bad("OPEN: " + e.getMessage());
    }
  }

  private static RefusedException bad(String message) {
    return new RefusedException(RefusedException.Kind.BAD_REQUEST, message);
  }

  private static List<String> texts(JsonNode json, String key) {
    List<String> texts = new ArrayList<>();
    JsonNode list = json.path(key);
    for (JsonNode entry : list) {
      if (!entry.isTextual()) {
        throw new IllegalArgumentException("%s has %s, which is no string".formatted(key, entry));
      }
      texts.add(entry.textValue());
    }
    if (!list.isArray() && !list.isMissingNode() && !list.isNull()) {
      throw new IllegalArgumentException("%s is %s, not a list of strings".formatted(key, list));
    }
    return texts;
  }

  private static String text(JsonNode json, String key) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return "";
    }
    if (!value.isTextual()) {
      throw new IllegalArgumentException("%s is %s, not a string".formatted(key, value));
    }
    return value.textValue();
  }

  private static long number(JsonNode json, String key, long absent) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return absent;
    }
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new IllegalArgumentException("%s is %s, not an integer".formatted(key, value));
    }
    return value.longValue();
  }

  private static OptionalInt optional(JsonNode json, String key) {
    return json.hasNonNull(key)
        ? OptionalInt.of(Math.toIntExact(number(json, key, 0)))
        : OptionalInt.empty();
  }

  private static <E extends Enum<E>> E choice(JsonNode json, String key, E absent) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return absent;
    }
    List<String> known = new ArrayList<>();
    for (E constant : absent.getDeclaringClass().getEnumConstants()) {
      String name = constant.name().toLowerCase(Locale.ROOT);
      if (name.equals(value.asText())) {
        return constant;
      }
      known.add(name);
    }
    throw new IllegalArgumentException("%s is %s, not one of %s".formatted(key, value, known));
  }

  private static List<FieldSpec> fields(JsonNode json) {
    List<FieldSpec> fields = new ArrayList<>();
    for (String text : texts(json, "fields")) {
      fields.add(FieldSpec.parse(text));
    }
    return fields;
  }

  private static Optional<Position> cursor(JsonNode json) throws RefusedException {
    if (!json.hasNonNull("cursor")) {
      return Optional.empty();
    }
    try {
      return Optional.of(CursorJson.position(json.get("cursor")));
    } catch (IllegalArgumentException e) {
      throw new RefusedException(RefusedException.Kind.CURSOR, e);
    }
  }
}
