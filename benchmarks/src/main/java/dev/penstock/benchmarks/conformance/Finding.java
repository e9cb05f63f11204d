package dev.penstock.benchmarks.conformance;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What a check found.
 *
 * @param outcome the verdict
 * @param detail for people: why, or the first counterexample
 * @param figures for machines; numbers by name
 */
public record Finding(Outcome outcome, String detail, Map<String, Object> figures) {
  /** The verdict of a check. */
  public enum Outcome {
    /** The promise was kept in all that was run. */
    PASS,
    /** The promise was broken, or the loader failed while it was asked. */
    FAIL,
    /** The adapter said that its loader does not offer this. */
    NOT_SUPPORTED,
    /** A figure, not a promise. */
    MEASURED;

    /** As tables show it. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /** Keeps the figures in their order. */
  public Finding {
    figures = new LinkedHashMap<>(figures);
  }

  static Finding pass(String detail) {
    return new Finding(Outcome.PASS, detail, Map.of());
  }

  static Finding fail(String detail) {
    return new Finding(Outcome.FAIL, detail, Map.of());
  }

  static Finding measured(Map<String, Object> figures, String detail) {
    return new Finding(Outcome.MEASURED, detail, figures);
  }
}
