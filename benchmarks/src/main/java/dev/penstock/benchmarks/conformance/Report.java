package dev.penstock.benchmarks.conformance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The scores of one or more loaders: for people, for machines, for a document.
 *
 * @param scores a loader each
 * @param settings of the run, by name
 */
public record Report(List<Suite.Scores> scores, Map<String, Object> settings) {
  /** One line a loader, below the lines of its checks. */
  public static String summary(Suite.Scores one) {
    return String.format(
        Locale.ROOT,
        "%s %s: %d passed, %d failed, %d not supported, %d measured",
        one.target(),
        one.version(),
        one.count(Finding.Outcome.PASS),
        one.count(Finding.Outcome.FAIL),
        one.count(Finding.Outcome.NOT_SUPPORTED),
        one.count(Finding.Outcome.MEASURED));
  }

  /** A table: a check a line, a loader a column. */
  public List<String> table() {
    int names = width(Suite.checks().stream().map(Check::name).toList(), "");
    List<String> lines = new ArrayList<>();
    StringBuilder head = new StringBuilder(pad("", names));
    scores.forEach(one -> head.append("  ").append(pad(one.target(), column(one))));
    lines.add(head.toString().stripTrailing());
    for (Check check : Suite.checks()) {
      if (scores.stream().anyMatch(one -> one.findings().containsKey(check.name()))) {
        StringBuilder line = new StringBuilder(pad(check.name(), names));
        for (Suite.Scores one : scores) {
          line.append("  ").append(pad(cell(one.findings().get(check.name())), column(one)));
        }
        lines.add(line.toString().stripTrailing());
      }
    }
    return lines;
  }

  private static int column(Suite.Scores one) {
    return width(one.findings().values().stream().map(Report::cell).toList(), one.target());
  }

  private static int width(List<String> texts, String least) {
    return Math.max(least.length(), texts.stream().mapToInt(String::length).max().orElse(0));
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(width - text.length());
  }

  /** The verdict, or the figure that says most. */
  static String cell(@Nullable Finding finding) {
    if (finding == null) {
      return "-";
    }
    Map<String, Object> figures = finding.figures();
    if (figures.get("bytes_late") instanceof Number bytes) {
      return String.format(Locale.ROOT, "%,d B", bytes.longValue());
    }
    if (figures.get("resume_milliseconds") instanceof Number far
        && figures.get("start_milliseconds") instanceof Number start) {
      return String.format(Locale.ROOT, "%.0f/%.0f ms", start.doubleValue(), far.doubleValue());
    }
    if (figures.get("chi_square_per_degree") instanceof Number chi) {
      return String.format(Locale.ROOT, "chi2 %.2f", chi.doubleValue());
    }
    return finding.outcome().word();
  }

  /** For machines. */
  public Map<String, Object> asMap() {
    List<Map<String, Object>> loaders = new ArrayList<>();
    for (Suite.Scores one : scores) {
      Map<String, Object> checks = new LinkedHashMap<>();
      one.findings()
          .forEach(
              (name, finding) -> {
                Map<String, Object> check = new LinkedHashMap<>();
                check.put("outcome", finding.outcome().word());
                check.put("detail", finding.detail());
                if (!finding.figures().isEmpty()) {
                  check.put("figures", finding.figures());
                }
                checks.put(name, check);
              });
      Map<String, Object> loader = new LinkedHashMap<>();
      loader.put("target", one.target());
      loader.put("version", one.version());
      loader.put("notes", one.notes());
      loader.put("checks", checks);
      loaders.add(loader);
    }
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("settings", settings);
    map.put("loaders", loaders);
    return map;
  }
}
