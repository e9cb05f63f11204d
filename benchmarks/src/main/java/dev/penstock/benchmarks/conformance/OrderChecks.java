package dev.penstock.benchmarks.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What is read, by whom, in which order. */
final class OrderChecks {
  /** Divided by every number of ranks that is tried. */
  static final int GLOBAL_BATCH = 48;

  private static final int RANKS = 8;
  private static final int[] WORLDS = {6, 1, 16};

  /** Orders that agree in more places than this part are not taken for unrelated ones. */
  private static final double AGREEING = 0.1;

  private OrderChecks() {}

  static List<Check> all() {
    return List.of(
        new Check(
            "once",
            "8 ranks together read each sample exactly once in each epoch; 48 equal shards",
            OrderChecks::once),
        new Check(
            "once-uneven",
            "the same over 29 unequal shards, where less than a batch may be left out or repeated",
            OrderChecks::onceUneven),
        new Check(
            "equal-steps",
            "all 8 ranks make the same number of steps over unequal shards",
            OrderChecks::equalSteps),
        new Check("same-seed", "the same seed gives the same order again", OrderChecks::sameSeed),
        new Check(
            "other-seed",
            "another seed, and another epoch, give another order",
            OrderChecks::otherSeed),
        new Check(
            "workers", "the order does not depend on the number of workers", OrderChecks::workers),
        new Check(
            "world",
            "a step's samples do not depend on the number of ranks: 8, 6, 1, 16",
            OrderChecks::world));
  }

  static Job even(Lab lab, int world) throws IOException, InterruptedException {
    return Job.of(lab.data(Samples.even()), world, GLOBAL_BATCH / world);
  }

  private static Job uneven(Lab lab) throws IOException, InterruptedException {
    return Job.of(lab.data(Samples.uneven()), RANKS, GLOBAL_BATCH / RANKS);
  }

  private static Finding once(Lab lab) throws IOException, InterruptedException {
    Samples samples = Samples.even();
    List<Trace> ranks = lab.all(even(lab, RANKS).withEpochs(2));
    for (int epoch = 0; epoch < 2; epoch++) {
      int[] counts = new int[samples.count()];
      for (int rank = 0; rank < RANKS; rank++) {
        for (String id : ranks.get(rank).idsOfEpoch(epoch)) {
          counts[numbered(samples, id)]++;
        }
      }
      for (int number = 0; number < counts.length; number++) {
        if (counts[number] != 1) {
          long missing = Arrays.stream(counts).filter(c -> c == 0).count();
          long repeated = Arrays.stream(counts).filter(c -> c > 1).count();
          return Finding.fail(
              String.format(
                  Locale.ROOT,
                  "sample %s is read %d times in epoch %d; of %d samples %d are missing and %d"
                      + " repeated",
                  samples.key(number),
                  counts[number],
                  epoch,
                  counts.length,
                  missing,
                  repeated));
        }
      }
    }
    return Finding.pass(String.format(Locale.ROOT, "%d samples, 2 epochs", samples.count()));
  }

  private static int numbered(Samples samples, String id) throws AdapterException {
    int number = samples.number(id);
    if (number < 0) {
      throw new AdapterException("it printed an id that is not in the dataset: " + id);
    }
    return number;
  }

  private static Finding onceUneven(Lab lab) throws IOException, InterruptedException {
    Samples samples = Samples.uneven();
    List<Trace> ranks = lab.all(uneven(lab));
    int[] counts = new int[samples.count()];
    for (Trace trace : ranks) {
      for (String id : trace.ids()) {
        counts[numbered(samples, id)]++;
      }
    }
    int missing = 0;
    int more = 0;
    int worst = 0;
    for (int number = 0; number < counts.length; number++) {
      missing += counts[number] == 0 ? 1 : 0;
      more += Math.max(0, counts[number] - 1);
      worst = counts[number] > counts[worst] ? number : worst;
    }
    String found =
        "of %d samples %d are left out and %d read again".formatted(counts.length, missing, more);
    if (missing >= GLOBAL_BATCH || more >= GLOBAL_BATCH || (missing > 0 && more > 0)) {
      return Finding.fail(
          String.format(
              Locale.ROOT, "%s; %s is read %d times", found, samples.key(worst), counts[worst]));
    }
    return Finding.pass(found);
  }

  private static Finding equalSteps(Lab lab) throws IOException, InterruptedException {
    List<Trace> ranks = lab.all(uneven(lab));
    int first = ranks.getFirst().steps().size();
    for (int rank = 1; rank < ranks.size(); rank++) {
      int steps = ranks.get(rank).steps().size();
      if (steps != first) {
        return Finding.fail(
            String.format(
                Locale.ROOT, "rank 0 makes %d steps, rank %d makes %d", first, rank, steps));
      }
    }
    return first == 0
        ? Finding.fail("no rank makes a step")
        : Finding.pass(String.format(Locale.ROOT, "%d steps each", first));
  }

  private static Finding sameSeed(Lab lab) throws IOException, InterruptedException {
    Job job = even(lab, RANKS).withEpochs(2).withRank(RANKS - 1);
    return compare(lab.run(job), lab.fresh(job), "the first run", "the second");
  }

  /** Equal ids in equal steps, or the first step that differs. */
  static Finding compare(Trace one, Trace other, String oneIs, String otherIs) {
    int most = Math.max(one.steps().size(), other.steps().size());
    for (int step = 0; step < most; step++) {
      List<String> left = idsAt(one, step);
      List<String> right = idsAt(other, step);
      if (!left.equals(right)) {
        return Finding.fail(
            String.format(
                Locale.ROOT, "step %d: %s", step, difference(left, right, oneIs, otherIs)));
      }
    }
    return Finding.pass(String.format(Locale.ROOT, "%d steps equal", most));
  }

  /** The first row that differs between two batches. */
  static String difference(List<String> one, List<String> other, String oneIs, String otherIs) {
    int row = 0;
    while (row < Math.min(one.size(), other.size()) && one.get(row).equals(other.get(row))) {
      row++;
    }
    return String.format(
        Locale.ROOT,
        "row %d is %s in %s and %s in %s",
        row,
        row < one.size() ? one.get(row) : "missing",
        oneIs,
        row < other.size() ? other.get(row) : "missing",
        otherIs);
  }

  static List<String> idsAt(Trace trace, int step) {
    return step < trace.steps().size() ? trace.steps().get(step).ids() : List.of();
  }

  private static Finding otherSeed(Lab lab) throws IOException, InterruptedException {
    Job job = even(lab, RANKS).withEpochs(2).withRank(RANKS - 1);
    Trace ours = lab.run(job);
    double seeds = agreeing(ours.ids(), lab.run(job.withSeed(Lab.SEED + 1)).ids());
    double epochs = agreeing(ours.idsOfEpoch(0), ours.idsOfEpoch(1));
    String found =
        "seeds agree in %.1f %% of the places, epochs in %.1f %%"
            .formatted(100 * seeds, 100 * epochs);
    return seeds > AGREEING || epochs > AGREEING ? Finding.fail(found) : Finding.pass(found);
  }

  private static double agreeing(List<String> one, List<String> other) {
    int most = Math.max(one.size(), other.size());
    int equal = 0;
    for (int i = 0; i < Math.min(one.size(), other.size()); i++) {
      equal += one.get(i).equals(other.get(i)) ? 1 : 0;
    }
    return most == 0 ? 1 : (double) equal / most;
  }

  private static Finding workers(Lab lab) throws IOException, InterruptedException {
    Job job = even(lab, 2);
    int[] others = lab.brief() ? new int[] {2} : new int[] {1, 2, 3};
    Trace none = lab.run(job);
    for (int workers : others) {
      Trace some = lab.run(job.withWorkers(workers));
      Finding finding = compare(none, some, "0 workers", workers + " workers");
      if (finding.outcome() == Finding.Outcome.FAIL) {
        return finding;
      }
    }
    return Finding.pass(
        String.format(Locale.ROOT, "0 workers and %s: equal", Arrays.toString(others)));
  }

  private static Finding world(Lab lab) throws IOException, InterruptedException {
    List<Set<String>> reference = contents(lab.all(even(lab, RANKS).withEpochs(2)), 0);
    for (int world : WORLDS) {
      List<Set<String>> other = contents(lab.all(even(lab, world)), 0);
      for (int step = 0; step < Math.max(reference.size(), other.size()); step++) {
        Set<String> one = step < reference.size() ? reference.get(step) : Set.of();
        Set<String> two = step < other.size() ? other.get(step) : Set.of();
        if (!one.equals(two)) {
          Set<String> common = new HashSet<>(one);
          common.retainAll(two);
          return Finding.fail(
              String.format(
                  Locale.ROOT,
                  "step %d has %d samples with %d ranks and %d with %d, %d in common",
                  step,
                  one.size(),
                  RANKS,
                  two.size(),
                  world,
                  common.size()));
        }
      }
    }
    return Finding.pass(
        String.format(Locale.ROOT, "%d steps, 8, 6, 1 and 16 ranks", reference.size()));
  }

  /** The samples of each step of all ranks together. */
  static List<Set<String>> contents(List<Trace> ranks, int epoch) {
    Map<Integer, Set<String>> steps = new HashMap<>();
    int most = 0;
    for (Trace trace : ranks) {
      for (int step = 0; step < trace.steps().size(); step++) {
        if (trace.steps().get(step).epoch() == epoch) {
          steps.computeIfAbsent(step, s -> new HashSet<>()).addAll(idsAt(trace, step));
          most = Math.max(most, step + 1);
        }
      }
    }
    List<Set<String>> list = new ArrayList<>();
    for (int step = 0; step < most; step++) {
      list.add(steps.getOrDefault(step, Set.of()));
    }
    return list;
  }
}
