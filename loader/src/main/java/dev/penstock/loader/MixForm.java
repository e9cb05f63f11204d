package dev.penstock.loader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The written forms of a mixture's parts.
 *
 * <p>As text, on the command line: {@code DATASET=WEIGHT}, with {@code ,epochs=N} and {@code
 * ,name=NAME} behind it; or the JSON of a part. As JSON, in the sidecar's protocol: {@code
 * {"dataset": string or list, "weight": number, "name": string, "epochs": number, "filter": string
 * or list}} for a source, {@code {"weight": number, "parts": [...]}} for a group.
 */
public final class MixForm {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern TEXT =
      Pattern.compile("(.+?)=([^=,]*)((?:,(?:epochs|name)=[^,=]*)*)", Pattern.DOTALL);
  private static final Set<String> KEYS =
      Set.of("dataset", "weight", "name", "epochs", "filter", "parts");

  /** Groups in groups: deeper ones are a mistake, or meant to exhaust the stack. */
  private static final int DEPTH_MAX = 16;

  private MixForm() {}

  /**
   * Reads one part from text.
   *
   * @throws IllegalArgumentException saying what is wrong and what is accepted
   */
  public static DataPart parse(String text) {
    if (text.startsWith("{")) {
      try {
        return parse(JSON.readTree(text));
      } catch (JsonProcessingException e) {
        throw new IllegalArgumentException("mix: no JSON: " + e.getOriginalMessage(), e);
      }
    }
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "mix: '"
              + text
              + "' is not of the form DATASET=WEIGHT, with ,epochs=N and ,name=NAME if wanted");
    }
    long epochs = 0;
    String name = "";
    for (String option : parts.group(3).split(",", -1)) {
      String value = option.substring(option.indexOf('=') + 1);
      if (option.startsWith("epochs=")) {
        epochs = (long) number("epochs", value);
      } else if (option.startsWith("name=")) {
        name = value;
      }
    }
    return new DataSource(
        name, List.of(parts.group(1)), number("weight", parts.group(2)), epochs, List.of());
  }

  private static double number(String what, String text) {
    try {
      double value = Double.parseDouble(text);
      if (what.equals("epochs") && value != Math.rint(value)) {
        throw new NumberFormatException();
      }
      return value;
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("mix: %s '%s' is no number".formatted(what, text), e);
    }
  }

  /** Reads a list of parts; empty if there is none. */
  public static List<DataPart> parseAll(JsonNode list) {
    return parseAll(list, 0);
  }

  private static List<DataPart> parseAll(JsonNode list, int depth) {
    if (list.isMissingNode() || list.isNull()) {
      return List.of();
    }
    if (!list.isArray()) {
      throw new IllegalArgumentException("mix is %s, not a list of parts".formatted(list));
    }
    List<DataPart> parts = new ArrayList<>();
    for (JsonNode entry : list) {
      parts.add(parse(entry, depth));
    }
    return parts;
  }

  /** Reads one part. */
  public static DataPart parse(JsonNode json) {
    return parse(json, 0);
  }

  private static DataPart parse(JsonNode json, int depth) {
    if (!json.isObject() || depth > DEPTH_MAX) {
      throw new IllegalArgumentException(
          depth > DEPTH_MAX
              ? "mix: groups are nested more than %d deep".formatted(DEPTH_MAX)
              : "mix has %s, which is no object".formatted(json));
    }
    for (String key : (Iterable<String>) json::fieldNames) {
      if (!KEYS.contains(key)) {
        throw new IllegalArgumentException(
            "mix has an unknown key '%s'; known are %s".formatted(key, KEYS));
      }
    }
    JsonNode weight = json.path("weight");
    if (!weight.isNumber()) {
      throw new IllegalArgumentException("mix: weight is %s, not a number".formatted(weight));
    }
    if (json.hasNonNull("parts")) {
      return new DataGroup(weight.doubleValue(), parseAll(json.get("parts"), depth + 1));
    }
    JsonNode epochs = json.path("epochs");
    if (!epochs.isMissingNode() && !epochs.isNull() && !epochs.isIntegralNumber()) {
      throw new IllegalArgumentException("mix: epochs is %s, not an integer".formatted(epochs));
    }
    return new DataSource(
        json.path("name").asText(""),
        texts("dataset", json.path("dataset")),
        weight.doubleValue(),
        epochs.asLong(0),
        SampleFilter.parseAll(texts("filter", json.path("filter"))));
  }

  private static List<String> texts(String key, JsonNode json) {
    List<String> texts = new ArrayList<>();
    if (json.isTextual()) {
      texts.add(json.textValue());
    }
    for (JsonNode entry : json) {
      if (!entry.isTextual()) {
        throw new IllegalArgumentException(
            "mix: %s has %s, which is no string".formatted(key, entry));
      }
      texts.add(entry.textValue());
    }
    return texts;
  }
}
