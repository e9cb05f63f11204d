package dev.penstock.benchmarks.conformance;

import dev.penstock.sharding.ShuffleQuality;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** What has a size instead of a verdict. */
final class Measures {
  private static final int BATCH = 125;
  private static final int FAR = 144;
  private static final int REFERENCES = 10;

  private Measures() {}

  static List<Check> all() {
    return List.of(
        new Check(
            "state",
            "size of the saved state, early and late, and whether ranks share it",
            Measures::state),
        new Check(
            "seek",
            "time to the first batch from the start, and resumed nine tenths into an epoch",
            Measures::seek),
        new Check(
            "shuffle",
            "how far an epoch of 20,000 samples is from a random permutation",
            Measures::shuffle));
  }

  private static Finding state(Lab lab) throws IOException, InterruptedException {
    List<Trace> ranks = lab.all(ResumeChecks.job(lab));
    List<Trace.Step> steps = ranks.getFirst().steps();
    if (steps.isEmpty() || steps.getFirst().state().isEmpty()) {
      throw new AdapterException("no \"state\" was printed");
    }
    int late = steps.size() * 3 / 4;
    boolean shared =
        Objects.equals(
            ranks.get(0).steps().get(late).state(), ranks.get(1).steps().get(late).state());
    long first = steps.getFirst().stateBytes();
    long last = steps.get(late).stateBytes();
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("bytes_after_first_step", first);
    figures.put("bytes_late", last);
    figures.put("same_on_all_ranks", shared);
    return Finding.measured(
        figures,
        String.format(
            Locale.ROOT,
            "%,d bytes after the first step, %,d after step %d; %s",
            first,
            last,
            late,
            shared ? "the same on all ranks" : "of each rank its own"));
  }

  private static Job large(Lab lab) throws IOException, InterruptedException {
    return Job.of(lab.data(Samples.large()), 1, BATCH);
  }

  private static Finding seek(Lab lab) throws IOException, InterruptedException {
    Job job = large(lab);
    Trace until = lab.run(job.withSteps(FAR).withStates(Job.States.LAST));
    if (until.steps().size() < FAR) {
      return Finding.fail(
          String.format(Locale.ROOT, "it made %d steps of %d", until.steps().size(), FAR));
    }
    Job.Start start = ResumeChecks.after(List.of(until), BATCH, FAR);
    double fresh = lab.fresh(job.withSteps(1)).firstNanos() / 1e6;
    double far = lab.fresh(job.withStart(start).withSteps(1)).firstNanos() / 1e6;
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("start_milliseconds", fresh);
    figures.put("resume_milliseconds", far);
    return Finding.measured(
        figures,
        String.format(
            Locale.ROOT, "%.0f ms from the start, %.0f ms after step %d", fresh, far, FAR));
  }

  private static Finding shuffle(Lab lab) throws IOException, InterruptedException {
    Samples samples = Samples.large();
    Trace trace = lab.run(large(lab).withEpochs(2));
    int[] shardOf = samples.shardOfEach();
    int[][] orders = {
      order(samples, trace.idsOfEpoch(0)), order(samples, trace.idsOfEpoch(1)),
    };
    ShuffleQuality ours = ShuffleQuality.of(epoch -> orders[epoch], 2, shardOf, BATCH);
    Map<String, Object> figures = new LinkedHashMap<>(ours.asMap());
    figures.put("fisher_yates", reference(samples.count(), shardOf));
    return Finding.measured(figures, words(ours));
  }

  /** Mean and standard deviation of each measure over random permutations of the same size. */
  private static Map<String, Object> reference(int n, int[] shardOf) {
    Map<String, double[]> values = new LinkedHashMap<>();
    for (int seed = 0; seed < REFERENCES; seed++) {
      ShuffleQuality one =
          ShuffleQuality.of(ShuffleQuality.fisherYates(n, seed), 2, shardOf, BATCH);
      int at = seed;
      one.asMap()
          .forEach(
              (name, value) ->
                  values.computeIfAbsent(name, k -> new double[REFERENCES])[at] = (double) value);
    }
    Map<String, Object> reference = new LinkedHashMap<>();
    values.forEach(
        (name, all) -> {
          double mean = Arrays.stream(all).average().orElseThrow();
          double square = Arrays.stream(all).map(v -> (v - mean) * (v - mean)).sum();
          double deviation = Math.sqrt(square / (REFERENCES - 1));
          reference.put(name, Map.of("mean", mean, "deviation", deviation));
        });
    return reference;
  }

  /** The measures in words, with what a random permutation has. */
  static String words(ShuffleQuality quality) {
    return String.format(
        Locale.ROOT,
        "moved %.3f of the data (random 0.333), neighbours kept %.1f (2), serial correlation %.3f"
            + " (0), chi-square %.2f a degree (1), stored neighbours in one batch %.2f times"
            + " chance, shards in a batch %.2f of random, recurrence %.2f (1)",
        quality.moved(),
        quality.neighbours(),
        quality.correlation(),
        quality.chiSquare(),
        quality.together(),
        quality.shards(),
        quality.recurrence());
  }

  /**
   * An epoch as an order; what a loader leaves out of it at the end (less than a batch) stands
   * last, as stored.
   */
  private static int[] order(Samples samples, List<String> ids) throws AdapterException {
    int n = samples.count();
    int[] order = new int[n];
    boolean[] seen = new boolean[n];
    int at = 0;
    for (String id : ids) {
      int number = samples.number(id);
      if (number < 0) {
        throw new AdapterException("it printed an id that is not in the dataset: " + id);
      }
      if (!seen[number]) {
        seen[number] = true;
        order[at++] = number;
      }
    }
    if (n - at >= BATCH) {
      throw new AdapterException(
          "%d of %d samples are missing in an epoch of one rank: no order to measure"
              .formatted(n - at, n));
    }
    for (int number = 0; number < n; number++) {
      if (!seen[number]) {
        order[at++] = number;
      }
    }
    return order;
  }
}
