package dev.penstock.loader.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;

/** Where a verb writes: results on one stream, notes for people on the other. Not thread-safe. */
public final class Console {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final PrintStream out;
  private final PrintStream err;

  /** Over two streams; the caller keeps them open. */
  public Console(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** The stream of results. */
  public PrintStream out() {
    return out;
  }

  /** The stream of notes. */
  public PrintStream err() {
    return err;
  }

  /** One line of results. */
  public void line(String format, Object... arguments) {
    out.printf(Locale.ROOT, format + "%n", arguments);
  }

  /** One line for people. */
  public void note(String format, Object... arguments) {
    err.printf(Locale.ROOT, format + "%n", arguments);
  }

  /** One line of results, which goes to the notes where standard output is taken by data. */
  public void result(boolean outIsTaken, String line) {
    (outIsTaken ? err : out).println(line);
  }

  /** Results for machines: one JSON object. */
  public void json(Map<String, ?> result) {
    try {
      out.println(JSON.writeValueAsString(result));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("result is not writable as JSON", e);
    }
  }
}
