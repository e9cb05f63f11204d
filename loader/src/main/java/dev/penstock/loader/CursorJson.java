package dev.penstock.loader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.sharding.Cursor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The written form of a {@link Cursor}: one JSON object of a few hundred bytes, {@code "format":
 * "penstock-cursor-1"} first, then the cursor's components by name. Thread-safe.
 */
public final class CursorJson {
  private static final String FORMAT = "penstock-cursor-1";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

  private static final ObjectWriter WRITER = JSON.writerFor(Cursor.class);

  /** What stands before the components: written with every batch, so without a tree of nodes. */
  private static final byte[] OPENING =
      ("{\"format\":\"" + FORMAT + "\",").getBytes(StandardCharsets.UTF_8);

  private CursorJson() {}

  /** Writes a cursor as UTF-8 JSON. */
  public static byte[] write(Cursor cursor) {
    try {
      byte[] components = WRITER.writeValueAsBytes(cursor);
      byte[] json = Arrays.copyOf(OPENING, OPENING.length + components.length - 1);
      System.arraycopy(components, 1, json, OPENING.length, components.length - 1);
      return json;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cursor " + cursor + " cannot be written", e);
    }
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
