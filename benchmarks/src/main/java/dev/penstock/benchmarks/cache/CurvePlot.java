package dev.penstock.benchmarks.cache;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** The curve as one SVG picture: rate over the size of the cache, each order a line. */
public final class CurvePlot {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 420;
  private static final int MARGIN = 60;

  private CurvePlot() {}

  /**
   * Draws {@code points}. The other policies' lines are what the same misses would cost: their
   * rates follow from our rates without misses and with nothing else, which the end points give.
   */
  public static String svg(List<CacheCurve.Point> points) {
    double highest = 1;
    for (CacheCurve.Point point : points) {
      highest = Math.max(highest, point.samplesPerSecond());
    }
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">%n"
            .formatted(WIDTH, HEIGHT));
    svg.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    axes(svg, highest);
    line(svg, points, false, "#1b6", CacheCurve.Point::samplesPerSecond, highest);
    line(svg, points, true, "#16b", CacheCurve.Point::samplesPerSecond, highest);
    double cost = missCost(points);
    line(svg, points, true, "#b61", p -> rate(p, p.lru(), cost), highest);
    label(svg, 0, "#1b6", "SSD tier, one order");
    label(svg, 1, "#16b", "SSD tier, reshuffled");
    label(svg, 2, "#b61", "LRU's misses at the same cost, reshuffled");
    return svg.append("</svg>\n").toString();
  }

  /** Seconds that a miss costs more than a hit, by least squares over the points. */
  private static double missCost(List<CacheCurve.Point> points) {
    double xy = 0;
    double xx = 0;
    double meanX = points.stream().mapToDouble(p -> 1 - p.ssd()).average().orElse(0);
    double meanY = points.stream().mapToDouble(p -> 1 / p.samplesPerSecond()).average().orElse(0);
    for (CacheCurve.Point p : points) {
      double x = 1 - p.ssd() - meanX;
      xy += x * (1 / p.samplesPerSecond() - meanY);
      xx += x * x;
    }
    return xx == 0 ? 0 : xy / xx;
  }

  private static double rate(CacheCurve.Point point, double hitRatio, double cost) {
    return 1 / (1 / point.samplesPerSecond() + (point.ssd() - hitRatio) * cost);
  }

  private static void axes(StringBuilder svg, double highest) {
    int bottom = HEIGHT - MARGIN;
    svg.append(
        "<path d=\"M%d %d V%d H%d\" fill=\"none\" stroke=\"#444\"/>%n"
            .formatted(MARGIN, MARGIN / 2, bottom, WIDTH - MARGIN / 2));
    for (int tenth = 0; tenth <= 10; tenth += 2) {
      svg.append(
          text(
              x(tenth / 10.0),
              bottom + 18,
              "middle",
              String.format(Locale.ROOT, "%.1f", tenth / 10.0)));
    }
    for (int quarter = 0; quarter <= 4; quarter++) {
      double value = highest * quarter / 4;
      svg.append(
          text(
              MARGIN - 6, y(value, highest) + 4, "end", String.format(Locale.ROOT, "%.0f", value)));
    }
    svg.append(text(WIDTH / 2.0, HEIGHT - 14, "middle", "size of the cache by size of the data"));
    svg.append(text(MARGIN, MARGIN / 2.0 - 8, "start", "samples/s"));
  }

  private static void line(
      StringBuilder svg,
      List<CacheCurve.Point> points,
      boolean reshuffled,
      String colour,
      ToDoubleFunction<CacheCurve.Point> value,
      double highest) {
    List<String> at = new ArrayList<>();
    for (CacheCurve.Point point : points) {
      if (point.reshuffled() == reshuffled) {
        double y = y(value.applyAsDouble(point), highest);
        at.add(String.format(Locale.ROOT, "%.1f,%.1f", x(point.ratio()), y));
      }
    }
    svg.append(
        "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>%n"
            .formatted(String.join(" ", at), colour));
  }

  private static void label(StringBuilder svg, int row, String colour, String words) {
    svg.append(
        "<rect x=\"%d\" y=\"%d\" width=\"18\" height=\"4\" fill=\"%s\"/>%n"
            .formatted(MARGIN + 16, MARGIN / 2 + 10 + row * 18, colour));
    svg.append(text(MARGIN + 42, MARGIN / 2.0 + 16 + row * 18, "start", words));
  }

  private static String text(double x, double y, String anchor, String words) {
    return String.format(
        Locale.ROOT,
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"#222\">%s</text>%n",
        x,
        y,
        anchor,
        words);
  }

  private static double x(double ratio) {
    return MARGIN + ratio * (WIDTH - 1.5 * MARGIN);
  }

  private static double y(double value, double highest) {
    return HEIGHT - MARGIN - value / highest * (HEIGHT - 1.5 * MARGIN);
  }
}
