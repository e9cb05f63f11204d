package dev.penstock.benchmarks.verbs;

import dev.penstock.benchmarks.cache.CacheCurve;
import dev.penstock.benchmarks.cache.CurvePlot;
import dev.penstock.loader.cli.ExitCode;
import dev.penstock.loader.cli.UsageException;
import dev.penstock.loader.cli.Verb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Hit ratio and rate over the size of the cache. */
@Command(
    name = "cache",
    abbreviateSynopsis = true,
    sortOptions = false,
    header = "Measures hit ratios of the tiers beside LRU and Caffeine, and rate over size.",
    description = {
      "Five epochs over one trace, in one order and reshuffled; the origin takes a millisecond a",
      "block. Ratios are those after the first epoch; no policy can exceed the first column."
    },
    footer = {"", "Example:", "  penstock bench cache --svg curve.svg"})
public final class CacheVerb extends Verb {
  private static final List<Double> RATIOS = List.of(0.1, 0.25, 0.5, 0.75, 0.9);

  @Option(names = "--samples", paramLabel = "N", description = "Blocks of an epoch (default 2000).")
  private int samples = 2000;

  @Option(
      names = "--in",
      paramLabel = "DIR",
      description = "Where the SSD tier is (default: the directory for temporary files).")
  private Path in = Path.of(System.getProperty("java.io.tmpdir"));

  @Option(names = "--svg", paramLabel = "FILE", description = "Draw the rate over the size.")
  private Optional<Path> svg = Optional.empty();

  @Option(names = "--json", description = "Print the results as one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (samples < 100 || samples > 100_000) {
      throw new UsageException("--samples: value must be 100 to 100000, was " + samples);
    }
    List<CacheCurve.Point> points = new ArrayList<>();
    try (Children children = Children.inTemporaryDirectory(in, "penstock-bench-")) {
      CacheCurve curve = new CacheCurve(children.directory(), samples);
      if (!json) {
        console()
            .line(
                "%6s %-11s %7s %7s %8s %8s %10s %7s %9s",
                "C/N",
                "order",
                "RAM",
                "SSD",
                "evenness",
                "written",
                "samples/s",
                "LRU",
                "Caffeine");
      }
      for (boolean reshuffled : new boolean[] {false, true}) {
        for (double ratio : RATIOS) {
          CacheCurve.Point point = curve.measure(ratio, reshuffled);
          points.add(point);
          show(point);
        }
      }
    }
    if (svg.isPresent()) {
      Files.writeString(svg.get(), CurvePlot.svg(points));
    }
    if (json) {
      console().json(Map.of("samples", samples, "epochs", 5, "points", points));
    }
    return ExitCode.DONE;
  }

  private void show(CacheCurve.Point p) {
    if (!json) {
      console()
          .line(
              "%6.2f %-11s %7.3f %7.3f %8.2f %8.2f %10.0f %7.3f %9.3f",
              p.ratio(),
              p.reshuffled() ? "reshuffled" : "fixed",
              p.ram(),
              p.ssd(),
              p.ssdFewest(),
              p.written(),
              p.samplesPerSecond(),
              p.lru(),
              p.caffeine());
    }
  }
}
