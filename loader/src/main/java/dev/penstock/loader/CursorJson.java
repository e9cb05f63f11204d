package dev.penstock.loader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.sharding.ArrivalCursor;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.Position;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The written form of a {@link Position}: one JSON object of a few hundred bytes, its {@code
 * "format"} first ({@code "penstock-cursor-1"} for a {@link Cursor}, {@code "penstock-arrival-1"}
 * for an {@link ArrivalCursor}), then its components by name. Thread-safe.
 */
public final class CursorJson {
  private static final String FORMAT = "penstock-cursor-1";
  private static final String ARRIVAL_FORMAT = "penstock-arrival-1";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

  private static final ObjectWriter WRITER = JSON.writerFor(Cursor.class);
  private static final ObjectWriter ARRIVAL_WRITER = JSON.writerFor(ArrivalCursor.class);

  /** All of its components have always been written: one that is missing was lost. */
  private static final ObjectReader ARRIVAL_READER =
      JSON.readerFor(ArrivalCursor.class)
          .with(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .with(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES);

  /** What stands before the components: written with every batch, so without a tree of nodes. */
  private static final byte[] OPENING = opening(FORMAT);

  private static final byte[] ARRIVAL_OPENING = opening(ARRIVAL_FORMAT);

  private CursorJson() {}

  private static byte[] opening(String format) {
    return ("{\"format\":\"" + format + "\",").getBytes(StandardCharsets.UTF_8);
  }

  /** Writes a cursor as UTF-8 JSON. */
  public static byte[] write(Position position) {
    try {
      byte[] opening = position instanceof Cursor ? OPENING : ARRIVAL_OPENING;
      byte[] components =
          switch (position) {
            case Cursor cursor -> WRITER.writeValueAsBytes(cursor);
            case ArrivalCursor cursor -> ARRIVAL_WRITER.writeValueAsBytes(cursor);
          };
      byte[] json = Arrays.copyOf(opening, opening.length + components.length - 1);
      System.arraycopy(components, 1, json, opening.length, components.length - 1);
      return json;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cursor " + position + " cannot be written", e);
    }
  }

  /**
   * Reads a written cursor of an order with a plan.
   *
   * @throws IllegalArgumentException if it is none, or of a format this version does not know
   */
  public static Cursor parse(byte[] utf8) {
    if (position(utf8) instanceof Cursor cursor) {
      return cursor;
    }
    throw new IllegalArgumentException(
        "cursor of the order of arrival where one of an order with a plan is needed");
  }

  /**
   * Reads a written cursor, of either kind.
   *
   * @throws IllegalArgumentException if it is none, or of a format this version does not know
   */
  public static Position position(byte[] utf8) {
    try {
      return position(JSON.readTree(new String(utf8, StandardCharsets.UTF_8)));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cursor is no JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** The same from a parsed object. */
  public static Position position(JsonNode json) {
    if (!(json instanceof ObjectNode object)) {
      throw new IllegalArgumentException("cursor is no JSON object: " + json.getNodeType());
    }
    String format = object.path("format").asText("none");
    Class<? extends Position> kind =
        switch (format) {
          case FORMAT -> Cursor.class;
          case ARRIVAL_FORMAT -> ArrivalCursor.class;
          default ->
              throw new IllegalArgumentException(
                  "cursor has format '%s', this version reads '%s' and '%s'"
                      .formatted(format, FORMAT, ARRIVAL_FORMAT));
        };
    ObjectNode components = object.deepCopy();
    components.remove("format");
    try {
      return kind == ArrivalCursor.class
          ? ARRIVAL_READER.treeToValue(components, kind)
          : JSON.treeToValue(components, kind);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cursor: " + e.getOriginalMessage(), e);
    }
  }
}
