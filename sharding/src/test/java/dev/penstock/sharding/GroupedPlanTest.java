package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class GroupedPlanTest {
  private static final GroupedPlan.Lengths LENGTHS =
      (source, shard, ordinal) -> (shard * 31 + ordinal * 17 + source * 7) % 61;

  /** A random plan of one dataset, or of two. */
  private static GroupedPlan plan(SplittableRandom random, Grouping.Kind kind, int batch) {
    int group = batch * random.nextInt(1, 9);
    long budget =
        switch (kind) {
          case FIRST_FIT, BEST_FIT -> random.nextInt(40, 200);
          case BUCKET -> 0;
          case TOKENS -> (long) batch * random.nextInt(60, 400);
        };
    Grouping rule = new Grouping(kind, group, budget, 0);
    DatasetShape one = Shapes.of(40, 3, 90, 0, 55);
    long seed = random.nextLong();
    if (random.nextBoolean()) {
      OrderSpec spec = OrderSpec.defaults(one, Shuffle.BLOCK, End.CARRY, seed, batch);
      return GroupedPlan.of(Plan.of(one, spec.withGlobalBatch(group)), rule, batch, LENGTHS);
    }
    List<MixtureSource> sources =
        List.of(new MixtureSource("a", one, 2), new MixtureSource("b", Shapes.of(30, 44), 1));
    Mixture mixture = Mixture.defaults(sources, Shuffle.BLOCK, UsedUp.STOP, seed, batch);
    return GroupedPlan.of(MixturePlan.of(mixture.withGlobalBatch(group)), rule, batch, LENGTHS);
  }

  /** A sample, and the place of its pack in the step where there are packs. */
  private static List<String> rows(GroupedPlan plan, Cursor at, int world) {
    List<String> rows = new ArrayList<>();
    StepSamples out = new StepSamples();
    for (int rank = 0; rank < world; rank++) {
      RankView view = plan.rank(rank, world);
      Cursor next = view.fill(at, out);
      assertEquals(plan.after(at, 1), next);
      for (int row = 0; row < out.count(); row++) {
        int pack = rank * (plan.globalBatch() / world) + out.pack(row);
        rows.add(
            (plan.packs() ? pack : 0)
                + " "
                + out.source(row)
                + " "
                + out.epoch(row)
                + " "
                + out.sample(row));
      }
      assertTrue(plan.packs() || out.count() % (plan.globalBatch() / world) == 0);
    }
    return rows;
  }

  @Property(tries = 60)
  void stepsAreTheSameOnEveryWorldAndFromEveryCursor(
      @ForAll Grouping.Kind kind, @ForAll @IntRange(min = 1, max = 12) int batch, @ForAll long s) {
    SplittableRandom random = new SplittableRandom(s);
    GroupedPlan plan = plan(random, kind, batch);
    List<Cursor> cursors = new ArrayList<>();
    List<List<String>> steps = new ArrayList<>();
    Cursor at = plan.start();
    for (int step = 0; step < 25; step++) {
      cursors.add(at);
      assertEquals(step, at.step());
      steps.add(rows(plan, at, 1));
      at = plan.after(at, 1);
    }
    for (int step : new int[] {0, 1, random.nextInt(25), 24}) {
      for (int world : Shapes.divisors(batch)) {
        assertEquals(steps.get(step), rows(plan, cursors.get(step), world));
      }
      assertEquals(cursors.get(step), plan.after(plan.start(), step), "forward");
      assertEquals(cursors.get(step), plan.after(at, step - 25), "and back");
      assertEquals(cursors.get(step), plan.resume(cursors.get(step)));
    }
    assertEquals(plan.start(), plan.after(cursors.get(3), -9));
  }

  @Property(tries = 60)
  void everySampleComesOnceInEveryEpochAndNothingOverflows(
      @ForAll Grouping.Kind kind, @ForAll @IntRange(min = 1, max = 12) int batch, @ForAll long s) {
    GroupedPlan plan = plan(new SplittableRandom(s), kind, batch);
    Map<String, Integer> seen = new HashMap<>();
    StepSamples out = new StepSamples();
    RankView view = plan.rank(0, 1);
    Cursor at = plan.start();
    int epochs = 2;
    while (!plan.ended(at, epochs)) {
      at = view.fill(at, out);
      int[] tokens = new int[batch];
      int longest = 0;
      for (int row = 0; row < out.count(); row++) {
        int length = LENGTHS.tokens(out.source(row), out.shard(row), out.ordinal(row));
        tokens[plan.packs() ? out.pack(row) : 0] += length;
        longest = Math.max(longest, length);
        String id = out.source(row) + " " + out.epoch(row) + " " + out.sample(row);
        assertEquals(1, seen.merge(id, 1, Integer::sum), id);
      }
      for (int pack = 0; plan.packs() && pack < batch; pack++) {
        // One sample longer than the budget is cut, and then alone.
        assertTrue(tokens[pack] <= Math.max(plan.rule().budget(), 60), "tokens of a pack");
      }
      if (kind == Grouping.Kind.TOKENS) {
        assertTrue(out.count() == batch || (long) out.count() * longest <= plan.rule().budget());
      }
      assertTrue(kind != Grouping.Kind.BUCKET || out.count() == batch);
    }
    if (plan.sources() == 1) {
      for (int epoch = 0; epoch < epochs; epoch++) {
        for (int sample = 0; sample < plan.samplesOf(0); sample++) {
          assertTrue(seen.containsKey("0 " + epoch + " " + sample), "epoch " + epoch);
        }
      }
    }
  }

  @Example
  void bucketsAreOfLikeLengthsAndPacksAreFull() {
    DatasetShape shape = Shapes.of(4000, 4000);
    SplittableRandom random = new SplittableRandom(5);
    int[] lengths = random.ints(8000, 1, 1000).toArray();
    GroupedPlan.Lengths of = (source, shard, ordinal) -> lengths[shard * 4000 + ordinal];
    OrderSpec spec = OrderSpec.defaults(shape, Shuffle.BLOCK, End.CARRY, 3, 16);
    for (Grouping.Kind kind : Grouping.Kind.values()) {
      Grouping rule = new Grouping(kind, 1600, kind.packs() ? 2048 : 16 * 1000, 0);
      GroupedPlan plan = GroupedPlan.of(Plan.of(shape, spec.withGlobalBatch(1600)), rule, 16, of);
      long tokens = 0;
      long padded = 0;
      StepSamples out = new StepSamples();
      RankView view = plan.rank(0, 1);
      Cursor at = plan.start();
      while (!plan.ended(at, 1)) {
        at = view.fill(at, out);
        int longest = 0;
        for (int row = 0; row < out.count(); row++) {
          int length = of.tokens(0, out.shard(row), out.ordinal(row));
          tokens += length;
          longest = Math.max(longest, length);
        }
        padded += kind.packs() ? 16 * 2048 : (long) out.count() * longest;
      }
      double full = (double) tokens / padded;
      assertTrue(full > (kind.packs() ? 0.96 : 0.9), kind + " is full to " + full);
    }
  }

  @Example
  void refusesWhatDoesNotFit() {
    DatasetShape shape = Shapes.of(50);
    OrderSpec spec = OrderSpec.defaults(shape, Shuffle.NONE, End.CARRY, 3, 4);
    Plan inner = Plan.of(shape, spec.withGlobalBatch(16));
    Grouping pack = new Grouping(Grouping.Kind.FIRST_FIT, 16, 100, 0);
    Grouping bucket = new Grouping(Grouping.Kind.BUCKET, 16, 0, 0);
    GroupedPlan plan = GroupedPlan.of(inner, pack, 4, LENGTHS);
    Cursor at = plan.after(plan.start(), 3);
    refused(
        "steps of 16", () -> GroupedPlan.of(inner, new Grouping(pack.kind(), 8, 9, 0), 4, LENGTHS));
    refused("no multiple", () -> GroupedPlan.of(inner, bucket, 5, LENGTHS));
    refused(
        "only carry",
        () ->
            GroupedPlan.of(
                Plan.of(shape, spec.withGlobalBatch(16).withEnd(End.DROP)), pack, 4, LENGTHS));
    refused(
        "was FIRST_FIT of 100 tokens in groups of 16 samples",
        () -> GroupedPlan.of(inner, bucket, 4, LENGTHS).resume(at));
    refused("grouping by lengths was none", () -> plan.resume(inner.start()));
    refused("grouping by lengths was FIRST_FIT", () -> inner.resume(at));
    GroupedPlan other = GroupedPlan.of(inner, pack, 8, LENGTHS);
    assertEquals(at.grouping(), other.resume(at).grouping(), "packs go on with another batch");
    refused(
        "global batch was 4, is 8",
        () ->
            GroupedPlan.of(inner, bucket, 8, LENGTHS)
                .resume(GroupedPlan.of(inner, bucket, 4, LENGTHS).start()));
    refused("cursor of another order", () -> other.after(at, 1));
    refused("group: 0", () -> new Grouping(Grouping.Kind.BUCKET, 0, 0, 0));
    refused("budget: 0", () -> new Grouping(Grouping.Kind.TOKENS, 8, 0, 0));
  }

  private static void refused(String why, Runnable what) {
    IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, what::run);
    assertTrue(String.valueOf(refused.getMessage()).contains(why), refused.toString());
  }
}
