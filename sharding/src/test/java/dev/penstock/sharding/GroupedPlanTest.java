package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
    return plan(random, new Grouping(kind, group, budget, 0), batch);
  }

  private static GroupedPlan plan(SplittableRandom random, Grouping rule, int batch) {
    int group = rule.group();
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
                + out.sample(row)
                + " "
                + out.start(row));
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

  /** A rule of packs that are shorter than many samples. */
  private static Grouping shortPacks(SplittableRandom random, Grouping.Longer longer, int batch) {
    Grouping.Kind kind = random.nextBoolean() ? Grouping.Kind.FIRST_FIT : Grouping.Kind.BEST_FIT;
    int group = batch * random.nextInt(1, 9);
    return new Grouping(kind, group, random.nextInt(3, 40), 0, longer);
  }

  @Property(tries = 60)
  void splitSamplesHaveEachTokenOnceAndNoPackOverflows(
      @ForAll @IntRange(min = 1, max = 12) int batch, @ForAll long s) {
    SplittableRandom random = new SplittableRandom(s);
    GroupedPlan plan = plan(random, shortPacks(random, Grouping.Longer.SPLIT, batch), batch);
    int budget = (int) plan.rule().budget();
    Map<String, boolean[]> seen = new HashMap<>();
    StepSamples out = new StepSamples();
    RankView view = plan.rank(0, 1);
    Cursor at = plan.start();
    while (!plan.ended(at, 2)) {
      at = view.fill(at, out);
      int[] tokens = new int[batch];
      for (int row = 0; row < out.count(); row++) {
        int length = LENGTHS.tokens(out.source(row), out.shard(row), out.ordinal(row));
        int piece = Math.min(budget, length - out.start(row));
        tokens[out.pack(row)] += piece;
        String id = out.source(row) + " " + out.epoch(row) + " " + out.sample(row);
        boolean[] of = seen.computeIfAbsent(id, k -> new boolean[length]);
        for (int token = out.start(row); token < out.start(row) + piece; token++) {
          assertFalse(of[token], () -> id + " twice");
          of[token] = true;
        }
      }
      for (int pack : tokens) {
        assertTrue(pack <= budget, "tokens of a pack");
      }
    }
    // The run's last step may have begun a group of the time after it.
    SampleGroup begun = plan.groupAt(at);
    for (int unit = 0; unit < begun.units(); unit++) {
      out.begin(0, 0, begun.size(unit));
      begun.copy(unit, 0, begun.size(unit), out, 0, 0);
      for (int row = 0; row < out.count(); row++) {
        seen.remove(out.source(row) + " " + out.epoch(row) + " " + out.sample(row));
      }
    }
    seen.forEach((id, of) -> assertEquals(of.length, count(of), id));
    for (int sample = 0; plan.sources() == 1 && sample < plan.samplesOf(0); sample++) {
      assertTrue(seen.containsKey("0 0 " + sample), "sample " + sample);
    }
  }

  private static int count(boolean[] marks) {
    int count = 0;
    for (boolean mark : marks) {
      count += mark ? 1 : 0;
    }
    return count;
  }

  @Property(tries = 40)
  void splitAndDroppedSamplesResumeAtEveryStepOnEveryWorld(
      @ForAll boolean split, @ForAll @IntRange(min = 1, max = 12) int batch, @ForAll long s) {
    SplittableRandom random = new SplittableRandom(s);
    Grouping.Longer longer = split ? Grouping.Longer.SPLIT : Grouping.Longer.DROP;
    GroupedPlan plan = plan(random, shortPacks(random, longer, batch), batch);
    List<Cursor> cursors = new ArrayList<>();
    List<List<String>> steps = new ArrayList<>();
    Cursor at = plan.start();
    for (int step = 0; step < 20; step++) {
      cursors.add(at);
      steps.add(rows(plan, at, 1));
      at = plan.after(at, 1);
    }
    for (int step = 0; step < 20; step++) {
      for (int world : Shapes.divisors(batch)) {
        assertEquals(steps.get(step), rows(plan, plan.resume(cursors.get(step)), world));
      }
      assertEquals(plan.normal(cursors.get(step)), plan.after(at, step - 20));
    }
  }

  @Property(tries = 40)
  void droppedSamplesAreThoseThatAreLongerAndNoOthers(
      @ForAll @IntRange(min = 1, max = 12) int batch, @ForAll long s) {
    SplittableRandom random = new SplittableRandom(s);
    Grouping rule = shortPacks(random, Grouping.Longer.DROP, batch);
    GroupedPlan plan = plan(random, rule, batch);
    Map<String, Integer> seen = new HashMap<>();
    StepSamples out = new StepSamples();
    Cursor at = plan.start();
    while (!plan.ended(at, 1)) {
      at = plan.rank(0, 1).fill(at, out);
      for (int row = 0; row < out.count(); row++) {
        int length = LENGTHS.tokens(out.source(row), out.shard(row), out.ordinal(row));
        assertTrue(length <= rule.budget());
        assertEquals(0, out.start(row));
        if (out.epoch(row) == 0) {
          seen.merge(out.source(row) + " " + out.sample(row), 1, Integer::sum);
        }
      }
    }
    DatasetShape shape = plan.shape(0);
    for (long sample = 0; plan.sources() == 1 && sample < shape.sampleCount(); sample++) {
      int shard = shape.shardOf(sample);
      int length = LENGTHS.tokens(0, shard, (int) (sample - shape.firstSample(shard)));
      assertEquals(length <= rule.budget() ? 1 : null, seen.get("0 " + sample));
    }
  }

  @Example
  void longerSamplesAreRefusedByNameAndAnEpochOfThemIsNoEndlessSearch() {
    DatasetShape shape = Shapes.of(50, 30);
    OrderSpec spec = OrderSpec.defaults(shape, Shuffle.NONE, End.CARRY, 3, 4);
    Plan inner = Plan.of(shape, spec.withGlobalBatch(16));
    Grouping packs = new Grouping(Grouping.Kind.FIRST_FIT, 16, 100, 0);
    GroupedPlan.Lengths long7 = (source, shard, ordinal) -> shard == 1 && ordinal == 7 ? 101 : 9;
    GroupedPlan refusing =
        GroupedPlan.of(inner, packs.withLonger(Grouping.Longer.REFUSE), 2, long7);
    Cursor first = refusing.after(refusing.start(), 2);
    refused("sample 7 of shard 1 of source 0 has 101 tokens", () -> refusing.after(first, 9));
    GroupedPlan.Lengths all = (source, shard, ordinal) -> 101;
    GroupedPlan dropping = GroupedPlan.of(inner, packs.withLonger(Grouping.Longer.DROP), 2, all);
    refused("every sample of an epoch is longer", () -> dropping.normal(dropping.start()));
    GroupedPlan.Lengths huge = (source, shard, ordinal) -> Integer.MAX_VALUE;
    GroupedPlan splitting = GroupedPlan.of(inner, packs.withLonger(Grouping.Longer.SPLIT), 2, huge);
    refused("makes more than", () -> splitting.normal(splitting.start()));
    refused(
        "has no meaning",
        () -> new Grouping(Grouping.Kind.BUCKET, 16, 0, 0, Grouping.Longer.SPLIT));
    GroupedPlan cutting = GroupedPlan.of(inner, packs, 2, LENGTHS);
    refused(
        "longer ones SPLIT",
        () ->
            GroupedPlan.of(inner, packs.withLonger(Grouping.Longer.SPLIT), 2, LENGTHS)
                .resume(cutting.start()));
  }

  /** Buckets and token budgets go on with another batch where a group begins, and lose nothing. */
  @Property(tries = 60)
  void stepsByLengthsGoOnWithAnotherBatchWhereAGroupBegins(
      @ForAll boolean bucket,
      @ForAll @IntRange(min = 1, max = 12) int batch,
      @ForAll @IntRange(min = 1, max = 12) int other,
      @ForAll long s) {
    SplittableRandom random = new SplittableRandom(s);
    Grouping.Kind kind = bucket ? Grouping.Kind.BUCKET : Grouping.Kind.TOKENS;
    DatasetShape shape = Shapes.of(40, 3, 90, 0, 55);
    OrderSpec spec = OrderSpec.defaults(shape, Shuffle.BLOCK, End.CARRY, random.nextLong(), batch);
    Map<String, Integer> seen = new HashMap<>();
    StepSamples out = new StepSamples();
    int[] batches = {batch, other};
    Cursor at = null;
    for (int part = 0; part < 2; part++) {
      int rows = batches[part];
      int group = rows * random.nextInt(2, 9);
      long budget = bucket ? 0 : (long) rows * random.nextInt(60, 400);
      GroupedPlan plan =
          GroupedPlan.of(
              Plan.of(shape, spec.withGlobalBatch(group)),
              new Grouping(kind, group, budget, 0),
              rows,
              LENGTHS);
      Cursor from = at == null ? plan.start() : plan.resume(at);
      assertEquals(at == null ? 0 : at.step(), from.step());
      RankView view = plan.rank(0, 1);
      // The first part ends where a group begins; the second is the rest of two epochs.
      long most = part == 0 ? random.nextInt(1, 30) : Long.MAX_VALUE;
      at = from;
      for (long step = 0; !plan.ended(at, 2); step++) {
        if (step >= most && plan.taken(at) == 0) {
          break;
        }
        at = view.fill(at, out);
        for (int row = 0; row < out.count(); row++) {
          assertEquals(1, seen.merge(out.epoch(row) + " " + out.sample(row), 1, Integer::sum));
        }
      }
    }
    for (long sample = 0; sample < shape.sampleCount(); sample++) {
      assertTrue(seen.containsKey("0 " + sample) && seen.containsKey("1 " + sample));
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
    GroupedPlan fours = GroupedPlan.of(inner, bucket, 4, LENGTHS);
    GroupedPlan eights = GroupedPlan.of(inner, bucket, 8, LENGTHS);
    refused(
        "a global batch of 4, are BUCKET of 0 tokens in groups of 16 samples with 8",
        () -> eights.resume(fours.after(fours.start(), 1)));
    refused("for 3 more steps", () -> eights.resume(fours.after(fours.start(), 5)));
    assertEquals(16, eights.resume(fours.after(fours.start(), 4)).index());
    refused("cursor of another order", () -> other.after(at, 1));
    refused("group: 0", () -> new Grouping(Grouping.Kind.BUCKET, 0, 0, 0));
    refused("budget: 0", () -> new Grouping(Grouping.Kind.TOKENS, 8, 0, 0));
  }

  private static void refused(String why, Runnable what) {
    IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, what::run);
    assertTrue(String.valueOf(refused.getMessage()).contains(why), refused.toString());
  }
}
