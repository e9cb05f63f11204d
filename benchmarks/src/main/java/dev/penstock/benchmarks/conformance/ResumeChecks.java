package dev.penstock.benchmarks.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Leaving a run and entering it again. */
final class ResumeChecks {
  private static final int RANKS = 2;
  private static final int WORKERS = 2;
  private static final int EPOCHS = 2;
  private static final int[] RESIZED = {8, 6, 1, 16};

  private ResumeChecks() {}

  static List<Check> all() {
    return List.of(
        new Check(
            "resume",
            "a run that is resumed, with 2 workers and at any step, goes on as if never stopped",
            ResumeChecks::resume),
        new Check(
            "kill",
            "the same after kill -9, from the last state that it printed",
            ResumeChecks::kill),
        new Check(
            "resize",
            "an epoch by 8, then 6, 1 and 16 ranks reads each sample exactly once",
            ResumeChecks::resize));
  }

  static Job job(Lab lab) throws IOException, InterruptedException {
    return OrderChecks.even(lab, RANKS)
        .withEpochs(EPOCHS)
        .withWorkers(WORKERS)
        .withStates(Job.States.ALL);
  }

  static Job.Start after(List<Trace> ranks, int batch, int steps) throws IOException {
    List<JsonNode> states = new ArrayList<>();
    for (Trace trace : ranks) {
      states.add(trace.stateAfter(steps));
    }
    return new Job.Start(ranks.size(), batch, steps, states);
  }

  private static Finding resume(Lab lab) throws IOException, InterruptedException {
    Job job = job(lab);
    List<Trace> whole = lab.all(job);
    int steps = whole.getFirst().steps().size();
    Set<Integer> cuts = cuts(lab, steps);
    int rank = 0;
    for (int cut : cuts) {
      Job rest = job.withRank(rank).withStates(Job.States.NONE);
      Trace resumed = lab.fresh(rest.withStart(after(whole, job.batch(), cut)));
      Finding finding = continues(whole.get(rank), cut, resumed, "resumed");
      if (finding.outcome() == Finding.Outcome.FAIL) {
        return finding;
      }
      rank = (rank + 1) % RANKS;
    }
    return Finding.pass(String.format(Locale.ROOT, "after steps %s of %d", cuts, steps));
  }

  /** The middle, the end of an epoch and its neighbours, and random ones. */
  private static Set<Integer> cuts(Lab lab, int steps) {
    Set<Integer> cuts = new LinkedHashSet<>();
    cuts.add(lab.position(2, Math.max(2, steps / EPOCHS - 1)));
    cuts.add(Math.max(1, steps / EPOCHS));
    if (!lab.brief()) {
      cuts.add(1);
      cuts.add(steps / EPOCHS + 1);
      cuts.add(lab.position(2, steps - 1));
      cuts.add(lab.position(steps / EPOCHS, steps - 1));
    }
    return cuts;
  }

  private static Finding continues(Trace whole, int cut, Trace resumed, String how) {
    int left = whole.steps().size() - cut;
    for (int step = 0; step < Math.max(left, resumed.steps().size()); step++) {
      List<String> wanted = OrderChecks.idsAt(whole, cut + step);
      List<String> got = OrderChecks.idsAt(resumed, step);
      if (!wanted.equals(got)) {
        return Finding.fail(
            String.format(
                Locale.ROOT,
                "%s after %d steps, step %d: %s",
                how,
                cut,
                cut + step,
                OrderChecks.difference(wanted, got, "the uncut run", "the " + how + " one")));
      }
    }
    return Finding.pass(String.format(Locale.ROOT, "%d steps", left));
  }

  private static Finding kill(Lab lab) throws IOException, InterruptedException {
    Job job = job(lab).withRank(1);
    List<Trace> whole = lab.all(job);
    int lives = lab.brief() ? 1 : 4;
    List<Integer> killedAt = new ArrayList<>();
    Job life = job;
    int done = 0;
    for (int i = 0; i < lives; i++) {
      int heard = lab.position(2, Math.max(2, (whole.get(1).steps().size() - done) / 3));
      Trace cut = lab.killed(life, heard);
      Finding same = startsLike(whole.get(1), done, cut);
      if (same.outcome() == Finding.Outcome.FAIL) {
        return same;
      }
      done += cut.steps().size();
      killedAt.add(done);
      life = job.withStart(startOf(whole, cut, done, job.batch()));
    }
    Trace rest = lab.fresh(life.withStates(Job.States.NONE));
    Finding finding = continues(whole.get(1), done, rest, "killed");
    return finding.outcome() == Finding.Outcome.FAIL
        ? finding
        : Finding.pass(
            String.format(
                Locale.ROOT, "killed after steps %s of %d", killedAt, whole.get(1).steps().size()));
  }

  /** The killed rank's last state; of the other rank the state after the same step. */
  private static Job.Start startOf(List<Trace> whole, Trace killed, int steps, int batch)
      throws IOException {
    JsonNode last = killed.stateAfter(killed.steps().size());
    return new Job.Start(RANKS, batch, steps, List.of(whole.getFirst().stateAfter(steps), last));
  }

  private static Finding startsLike(Trace whole, int done, Trace cut) {
    for (int step = 0; step < cut.steps().size(); step++) {
      List<String> wanted = OrderChecks.idsAt(whole, done + step);
      if (!wanted.equals(OrderChecks.idsAt(cut, step))) {
        return Finding.fail(
            String.format(
                Locale.ROOT,
                "a life that began after %d steps, step %d: %s",
                done,
                done + step,
                OrderChecks.difference(
                    wanted, OrderChecks.idsAt(cut, step), "the uncut run", "that life")));
      }
    }
    return Finding.pass("");
  }

  private static Finding resize(Lab lab) throws IOException, InterruptedException {
    Samples samples = Samples.even();
    int steps = samples.count() / OrderChecks.GLOBAL_BATCH;
    int third = steps / RESIZED.length;
    int[] counts = new int[samples.count()];
    List<Integer> cuts = new ArrayList<>();
    Job.Start start = null;
    int done = 0;
    for (int i = 0; i < RESIZED.length; i++) {
      boolean last = i == RESIZED.length - 1;
      int most = last ? 0 : lab.position(2, third + 1);
      Job job = OrderChecks.even(lab, RESIZED[i]).withSteps(most);
      job = last ? job : job.withStates(Job.States.LAST);
      List<Trace> ranks = lab.all(start == null ? job : job.withStart(start));
      for (Trace trace : ranks) {
        for (String id : trace.ids()) {
          int number = samples.number(id);
          if (number < 0 || ++counts[number] > 1) {
            return Finding.fail(
                String.format(
                    Locale.ROOT,
                    "sample %s comes again with %d ranks, after %d steps by %s",
                    id,
                    RESIZED[i],
                    done,
                    ranksUntil(i)));
          }
        }
      }
      if (!last) {
        done += most;
        cuts.add(done);
        start = after(ranks, job.batch(), most);
      }
    }
    Set<String> missing = new HashSet<>();
    for (int number = 0; number < counts.length; number++) {
      if (counts[number] == 0) {
        missing.add(samples.key(number));
      }
    }
    return missing.isEmpty()
        ? Finding.pass(String.format(Locale.ROOT, "changed after steps %s of %d", cuts, steps))
        : Finding.fail(
            String.format(
                Locale.ROOT,
                "%d samples are never read, such as %s; changed after steps %s",
                missing.size(),
                missing.iterator().next(),
                cuts));
  }

  private static String ranksUntil(int stage) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < stage; i++) {
      text.append(i == 0 ? "" : ", ").append(RESIZED[i]);
    }
    return text + " ranks";
  }
}
