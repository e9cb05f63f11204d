package dev.penstock.benchmarks.conformance;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Mixtures of two datasets by weight. */
final class MixChecks {
  private static final int RANKS = 2;
  private static final int BATCH = OrderChecks.GLOBAL_BATCH / RANKS;
  private static final int STEPS = 30;
  private static final int CHANGE_AT = 12;

  /** Quarters, so that a batch of 48 can hold each share exactly. */
  private static final double[] WEIGHTS = {0.75, 0.25};

  private static final double[] CHANGED = {0.25, 0.75};

  /** Rows by which a source may be off its share; drawing at random is off by tens. */
  private static final double ROWS_OFF = 2;

  private MixChecks() {}

  static List<Check> all() {
    return List.of(
        new Check(
            "mix",
            "a mixture of 3/4 and 1/4 keeps its shares, to 2 rows, after each of 30 steps",
            MixChecks::mix),
        new Check(
            "mix-resume",
            "a mixture that is resumed goes on as if never stopped",
            MixChecks::mixResume),
        new Check(
            "mix-weights",
            "weights changed at a step hold from there on, and no sample comes again",
            MixChecks::weights));
  }

  private static List<Job.Source> sources(Lab lab, double... weights)
      throws IOException, InterruptedException {
    return List.of(
        new Job.Source(lab.data(Samples.part("a")), weights[0]),
        new Job.Source(lab.data(Samples.part("b")), weights[1]));
  }

  private static Finding mix(Lab lab) throws IOException, InterruptedException {
    List<Trace> ranks = lab.all(Job.mix(sources(lab, WEIGHTS), RANKS, BATCH, STEPS));
    return shares(ranks, WEIGHTS, STEPS);
  }

  private static Finding shares(List<Trace> ranks, double[] weights, int steps) {
    double first = 0;
    double worst = 0;
    for (int step = 0; step < steps; step++) {
      int rows = 0;
      for (Trace trace : ranks) {
        List<String> ids = OrderChecks.idsAt(trace, step);
        rows += ids.size();
        first += ids.stream().filter(id -> id.startsWith("a")).count();
      }
      if (rows != OrderChecks.GLOBAL_BATCH) {
        return Finding.fail(
            String.format(
                Locale.ROOT, "step %d has %d rows, not %d", step, rows, OrderChecks.GLOBAL_BATCH));
      }
      double wanted = weights[0] * OrderChecks.GLOBAL_BATCH * (step + 1);
      worst = Math.max(worst, Math.abs(first - wanted));
      if (worst > ROWS_OFF) {
        return Finding.fail(
            String.format(
                Locale.ROOT,
                "after step %d the first source has %.0f of %d rows; its share is %.0f",
                step,
                first,
                OrderChecks.GLOBAL_BATCH * (step + 1),
                wanted));
      }
    }
    return Finding.pass(
        String.format(Locale.ROOT, "at most %.0f rows off in %d steps", worst, steps));
  }

  private static Finding mixResume(Lab lab) throws IOException, InterruptedException {
    Job job = Job.mix(sources(lab, WEIGHTS), RANKS, BATCH, STEPS);
    Trace whole = lab.run(job);
    List<Trace> until = lab.all(job.withSteps(CHANGE_AT).withStates(Job.States.LAST));
    Job.Start start = ResumeChecks.after(until, BATCH, CHANGE_AT);
    Trace rest = lab.fresh(job.withStart(start).withSteps(STEPS - CHANGE_AT));
    Trace wanted = new Trace(whole.steps().subList(CHANGE_AT, whole.steps().size()), 0);
    return OrderChecks.compare(wanted, rest, "the uncut run", "the resumed one");
  }

  private static Finding weights(Lab lab) throws IOException, InterruptedException {
    List<Trace> before =
        lab.all(
            Job.mix(sources(lab, WEIGHTS), RANKS, BATCH, CHANGE_AT).withStates(Job.States.LAST));
    Job.Start start = ResumeChecks.after(before, BATCH, CHANGE_AT);
    int steps = STEPS - CHANGE_AT;
    List<Trace> after =
        lab.all(Job.mix(sources(lab, CHANGED), RANKS, BATCH, steps).withStart(start));
    Finding shares = shares(after, CHANGED, steps);
    if (shares.outcome() == Finding.Outcome.FAIL) {
      return shares;
    }
    Map<String, String> seen = new HashMap<>();
    Finding once = onlyOnce(before, "before", seen);
    if (once.outcome() == Finding.Outcome.PASS) {
      once = onlyOnce(after, "after", seen);
    }
    return once.outcome() == Finding.Outcome.PASS ? shares : once;
  }

  private static Finding onlyOnce(List<Trace> ranks, String when, Map<String, String> seen) {
    for (Trace trace : ranks) {
      for (String id : trace.ids()) {
        String earlier = seen.put(id, when);
        if (earlier != null) {
          return Finding.fail(
              String.format(
                  Locale.ROOT,
                  "%s is read %s and again %s the change; no source was read through once",
                  id,
                  earlier,
                  when));
        }
      }
    }
    return Finding.pass("");
  }
}
