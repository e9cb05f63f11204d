package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;

/** Runs a mixture that a golden vector describes. */
final class GoldenMixture {
  private GoldenMixture() {}

  /** The rows of its steps as source:epoch:index:sample. */
  static String rows(String[] given) {
    String[] counts = given[1].split(";", -1);
    String[] epochs = given[2].split(",", -1);
    String[] windows = given[3].split(",", -1);
    String[] extents = given[4].split(",", -1);
    int batch = Integer.parseInt(given[6]);
    int lanes = Integer.parseInt(given[7]);
    List<SourceOrder> sources = new ArrayList<>();
    List<DatasetShape> shapes = new ArrayList<>();
    for (int d = 0; d < counts.length; d++) {
      DatasetShape shape = shape(counts[d]);
      shapes.add(shape);
      sources.add(
          new SourceOrder(
              "s" + d,
              shape.fingerprint(),
              Long.parseLong(epochs[d]),
              Integer.parseInt(windows[d]),
              1,
              Integer.parseInt(extents[d])));
    }
    List<MixEntry> schedule = new ArrayList<>();
    for (String entry : given[8].split(";", -1)) {
      int colon = entry.indexOf(':');
      List<Double> weights = new ArrayList<>();
      for (String weight : entry.substring(colon + 1).split(",", -1)) {
        weights.add(Double.parseDouble(weight));
      }
      long position = Long.parseLong(entry.substring(0, colon));
      schedule.add(new MixEntry(position, MixPattern.cycle(weights, batch, lanes), weights));
    }
    Mixture mixture =
        new Mixture(
            Shuffle.BLOCK,
            UsedUp.HAND_OVER,
            Long.parseLong(given[5]),
            batch,
            lanes,
            sources,
            shapes,
            schedule,
            0);
    return run(MixturePlan.of(mixture), Integer.parseInt(given[9]));
  }

  private static String run(MixturePlan plan, int steps) {
    RankView view = plan.rank(0, 1);
    StepSamples out = new StepSamples();
    List<String> words = new ArrayList<>();
    Cursor at = plan.start();
    for (int step = 0; step < steps && !plan.ended(at, 0); step++) {
      at = view.fill(at, out);
      for (int row = 0; row < out.count(); row++) {
        words.add(
            out.source(row) + ":" + out.epoch(row) + ":" + out.index(row) + ":" + out.sample(row));
      }
    }
    return String.join(" ", words);
  }

  private static DatasetShape shape(String counts) {
    String[] words = counts.split(",", -1);
    int[] samples = new int[words.length];
    for (int i = 0; i < words.length; i++) {
      samples[i] = Integer.parseInt(words[i]);
    }
    return Shapes.of(samples);
  }
}
