package dev.penstock.loader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.sharding.Cursor;
import java.nio.charset.StandardCharsets;

/**
 * The written form of a {@link Cursor}: one JSON object of a few hundred bytes, {@code "format":
 * "penstock-cursor-1"} first, then the cursor's components by name. Thread-safe.
 */
public final class CursorJson {
  private static final String FORMAT = "penstock-cursor-1";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

  private CursorJson() {}

  /** Writes a cursor as UTF-8 JSON. */
  public static byte[] write(Cursor cursor) {
    ObjectNode json = JSON.createObjectNode().put("format", FORMAT);
    json.setAll((ObjectNode) JSON.valueToTree(cursor));
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads a written cursor.
   *
   * @throws IllegalArgumentException if it is none, or of a format this version does not know
   */
  public static Cursor parse(byte[] utf8) {
    return parse(new String(utf8, StandardCharsets.UTF_8));
  }

  /** The same from text. */
  public static Cursor parse(String text) {
    try {
      return parse(JSON.readTree(text));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cursor is no JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** The same from a parsed object. */
  public static Cursor parse(JsonNode json) {
    if (!(json instanceof ObjectNode object)) {
      throw new IllegalArgumentException("cursor is no JSON object: " + json.getNodeType());
    }
    String format = object.path("format").asText("none");
    if (!format.equals(FORMAT)) {
      throw new IllegalArgumentException(
          "cursor has format '%s', this version reads '%s'".formatted(format, FORMAT));
    }
    ObjectNode components = object.deepCopy();
    components.remove("format");
    try {
      return JSON.treeToValue(components, Cursor.class);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cursor: " + e.getOriginalMessage(), e);
    }
  }
}
