package dev.penstock.benchmarks.shuffle;

import dev.penstock.sharding.ShuffleQuality;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/** Orders as pictures: a panel each, the place in the epoch across, the stored place upwards. */
public final class Picture {
  private static final int SIDE = 220;
  private static final int GAP = 26;
  private static final int HEAD = 38;
  private static final int COLUMNS = 4;
  private static final int POINTS = 1200;

  private static final String STYLE =
      """
      body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 68rem; padding: 0 1rem;
             color: #222; background: #fff }
      table { border-collapse: collapse } th, td { text-align: right; padding: .3rem .7rem;
             border-bottom: 1px solid #ddd } th:first-child, td:first-child { text-align: left }
      small { color: #555 } svg { max-width: 100%; height: auto }
      """;

  private Picture() {}

  /** One drawing with a panel for each order. */
  public static String svg(List<Measured> all) {
    int rows = Math.ceilDiv(all.size(), COLUMNS);
    int width = COLUMNS * (SIDE + GAP) + GAP;
    int height = rows * (SIDE + HEAD + GAP) + GAP;
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\""
                + " height=\"%d\" font-family=\"sans-serif\" font-size=\"13\">\n",
            width,
            height,
            width,
            height));
    svg.append("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    for (int i = 0; i < all.size(); i++) {
      int x = GAP + i % COLUMNS * (SIDE + GAP);
      int y = GAP + i / COLUMNS * (SIDE + HEAD + GAP);
      panel(all.get(i), x, y, svg);
    }
    return svg.append("</svg>\n").toString();
  }

  private static void panel(Measured one, int x, int y, StringBuilder svg) {
    ShuffleQuality quality = one.quality();
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>\n",
            x,
            y,
            escape(one.name())));
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%d\" y=\"%d\" fill=\"#555\" font-size=\"11\">chi-square %s, moved"
                + " %.3f</text>\n",
            x,
            y + 16,
            figure(quality.chiSquare()),
            quality.moved()));
    svg.append(
        String.format(
            Locale.ROOT,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#bbb\"/>\n",
            x,
            y + HEAD - 14,
            SIDE,
            SIDE));
    svg.append("<path stroke=\"#1f5fa8\" stroke-width=\"1.6\" stroke-linecap=\"round\" d=\"");
    SplittableRandom random = new SplittableRandom(1);
    int n = one.first().limit();
    for (int i = 0; i < POINTS; i++) {
      int place = random.nextInt(n);
      double across = x + (double) place * SIDE / n;
      double up = y + HEAD - 14 + SIDE - (double) one.first().get(place) * SIDE / n;
      svg.append(String.format(Locale.ROOT, "M%.1f %.1fh0", across, up));
    }
    svg.append("\"/>\n");
  }

  /** The table for people. */
  public static List<String> lines(List<Measured> all) {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "%-24s %7s %11s %12s %11s %10s %7s %11s",
            "",
            "moved",
            "neighbours",
            "correlation",
            "chi-square",
            "in batch",
            "shards",
            "recurrence"));
    for (Measured one : all) {
      ShuffleQuality q = one.quality();
      lines.add(
          String.format(
              Locale.ROOT,
              "%-24s %7.3f %11s %12.4f %11s %10s %7.3f %11s",
              one.name(),
              q.moved(),
              figure(q.neighbours()),
              q.correlation(),
              figure(q.chiSquare()),
              figure(q.together()),
              q.shards(),
              figure(q.recurrence())));
    }
    return lines;
  }

  /** A page with the drawing, the table, and what the measures mean. */
  public static String page(Dataset data, List<Measured> all, List<String> left) {
    StringBuilder page = new StringBuilder();
    page.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.append("<title>Shuffle quality</title><style>\n").append(STYLE);
    page.append("</style></head><body>\n<h1>Shuffle quality</h1>\n<p>");
    page.append(
        String.format(
            Locale.ROOT,
            "%,d samples in %d shards, batches of %,d, two epochs. Each panel: places of one epoch"
                + " across, stored places upwards.</p>\n",
            data.samples(),
            data.shards(),
            data.globalBatch()));
    page.append(svg(all)).append("<table>\n<tr><th>order</th><th>moved</th><th>neighbours</th>");
    page.append("<th>serial correlation</th><th>chi-square a degree</th><th>neighbours in a batch");
    page.append("</th><th>shards in a batch</th><th>recurrence</th></tr>\n");
    for (Measured one : all) {
      ShuffleQuality q = one.quality();
      page.append(
          String.format(
              Locale.ROOT,
              "<tr><td>%s<br><small>%s</small></td><td>%.3f</td><td>%s</td><td>%.4f</td>"
                  + "<td>%s</td><td>%s</td><td>%.3f</td><td>%s</td></tr>\n",
              escape(one.name()),
              escape(one.about()),
              q.moved(),
              figure(q.neighbours()),
              q.correlation(),
              figure(q.chiSquare()),
              figure(q.together()),
              q.shards(),
              figure(q.recurrence())));
    }
    page.append(
        """
        </table>
        <ul>
        <li>moved: mean distance between stored and new place, as a part of the data (random: 0.333)</li>
        <li>neighbours: stored neighbours that follow each other in an epoch (random: 2)</li>
        <li>serial correlation of stored places along the epoch (random: 0)</li>
        <li>chi-square of 16 parts of the data over 16 parts of the epoch, by degree of freedom (random: 1)</li>
        <li>neighbours in a batch: stored neighbours that share a batch, as a multiple of chance (random: 1)</li>
        <li>shards in a batch, as a part of what a random batch has (random: 1)</li>
        <li>recurrence: pairs of one batch that share a batch in the next epoch, by chance (random: 1)</li>
        </ul>
        """);
    left.forEach(one -> page.append("<p>Left out: ").append(escape(one)).append("</p>\n"));
    return page.append("</body></html>\n").toString();
  }

  private static String figure(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.2f" : "%,.0f", value);
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
