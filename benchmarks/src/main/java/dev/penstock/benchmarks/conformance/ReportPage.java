package dev.penstock.benchmarks.conformance;

import java.util.Map;

/** The report as one HTML page that needs nothing else. */
public final class ReportPage {
  private static final String STYLE =
      """
      body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem;
             color: #222; background: #fff }
      table { border-collapse: collapse; margin: 1rem 0 } th, td { text-align: left; vertical-align: top;
             padding: .35rem .6rem; border-bottom: 1px solid #ddd }
      .pass { background: #e5f5e5 } .fail { background: #fbe3e0 } .not { background: #f1f1f1 }
      .measured { background: #e9f0fa } small { color: #555 }
      @media (prefers-color-scheme: dark) { body { color: #ddd; background: #161616 }
             th, td { border-color: #444 } .pass { background: #1d3a1d } .fail { background: #4a1f1a }
             .not { background: #2a2a2a } .measured { background: #1c2b40 } small { color: #aaa } }
      """;

  private ReportPage() {}

  /** The whole page. */
  public static String of(Report report) {
    StringBuilder page = new StringBuilder();
    page.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.append("<title>Penstock conformance</title><style>\n").append(STYLE);
    page.append("</style></head><body>\n<h1>Conformance of data loaders</h1>\n<p>");
    page.append("Each row is a promise. A broken one shows its first counterexample.</p>\n");
    verdicts(report, page);
    notes(report, page);
    page.append("<p><small>");
    for (Map.Entry<String, Object> setting : report.settings().entrySet()) {
      page.append(escape(setting.getKey() + ": " + setting.getValue())).append("; ");
    }
    return page.append("</small></p>\n</body></html>\n").toString();
  }

  private static void verdicts(Report report, StringBuilder page) {
    page.append("<table>\n<tr><th>check</th>");
    for (Suite.Scores one : report.scores()) {
      page.append("<th>").append(escape(one.target())).append("<br><small>");
      page.append(escape(one.version())).append("</small></th>");
    }
    page.append("</tr>\n");
    for (Check check : Suite.checks()) {
      if (report.scores().stream().noneMatch(s -> s.findings().containsKey(check.name()))) {
        continue;
      }
      page.append("<tr><th>").append(escape(check.name())).append("<br><small>");
      page.append(escape(check.asks())).append("</small></th>");
      for (Suite.Scores one : report.scores()) {
        Finding finding = one.findings().get(check.name());
        if (finding == null) {
          page.append("<td>not asked</td>");
          continue;
        }
        String word = finding.outcome().word();
        page.append("<td class=\"").append(word).append("\"><b>").append(word);
        page.append("</b><br><small>").append(escape(finding.detail())).append("</small></td>");
      }
      page.append("</tr>\n");
    }
    page.append("</table>\n");
  }

  private static void notes(Report report, StringBuilder page) {
    page.append("<h2>How each was set up</h2>\n<ul>\n");
    for (Suite.Scores one : report.scores()) {
      page.append("<li><b>").append(escape(one.target())).append("</b>: ");
      page.append(escape(String.join("; ", one.notes()))).append("</li>\n");
    }
    page.append("</ul>\n");
  }

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
