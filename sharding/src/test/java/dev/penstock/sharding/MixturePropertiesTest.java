package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Mixtures against a naive counter. */
class MixturePropertiesTest {
  @Provide
  Arbitrary<Mixture> mixtures() {
    return Arbitraries.longs().map(MixturePropertiesTest::mixture);
  }

  @Property(tries = 500)
  void rowsAreThoseOfTheNaiveCounter(@ForAll("mixtures") Mixture mixture) {
    MixturePlan plan = MixturePlan.of(mixture);
    NaiveMixture naive = new NaiveMixture(mixture);
    int world = mixture.globalBatch() % 2 == 0 ? 2 : 1;
    Run run = new Run(plan, world);
    Cursor at = plan.start();
    for (int step = 0; step < 40; step++) {
      List<NaiveMixture.Row> expected = naive.step();
      assertEquals(expected.isEmpty(), plan.ended(at, 0), "step " + step);
      if (expected.isEmpty()) {
        return;
      }
      at = run.step(at, expected);
      assertEquals(step + 1, at.step());
      assertEquals(plan.after(plan.start(), step + 1), at);
    }
  }

  @Property(tries = 300)
  void worldBatchAndWeightsMayChangeInOneRun(
      @ForAll("mixtures") Mixture mixture, @ForAll long choices) {
    SplittableRandom random = new SplittableRandom(choices);
    NaiveMixture naive = new NaiveMixture(mixture);
    Mixture now = mixture;
    Cursor at = MixturePlan.of(mixture).start();
    for (int life = 0; life < 5; life++) {
      int batch = 1 + random.nextInt(20);
      now = now.withGlobalBatch(batch).resuming(at);
      naive.batch(batch);
      if (random.nextBoolean()) {
        List<Double> weights = weights(random, now.sources().size());
        List<Integer> gone = now.schedule().get(now.schedule().size() - 1).usedUp();
        if (MixEntry.shares(weights, gone).stream().anyMatch(share -> share > 0)) {
          now = now.withWeights(at.index(), weights);
          naive.change(weights);
        }
      }
      MixturePlan plan = MixturePlan.of(now);
      at = plan.resume(at);
      List<Integer> worlds = Shapes.divisors(batch);
      Run run = new Run(plan, worlds.get(random.nextInt(worlds.size())));
      int steps = random.nextInt(8);
      for (int step = 0; step < steps; step++) {
        List<NaiveMixture.Row> expected = naive.step();
        assertEquals(expected.isEmpty(), plan.ended(at, 0));
        if (expected.isEmpty()) {
          return;
        }
        at = run.step(at, expected);
      }
    }
  }

  /** A run that a large batch would end goes on with a smaller one, and its sources with it. */
  @Example
  void aRunThatStopsForOneBatchGoesOnWithASmallerOne() {
    List<MixtureSource> sources =
        List.of(
            new MixtureSource("a", Shapes.of(45), 1), new MixtureSource("b", Shapes.of(16), 1, 1));
    Mixture mixture = Mixture.defaults(sources, Shuffle.NONE, UsedUp.STOP, 3, 12);
    MixturePlan plan = MixturePlan.of(mixture);
    NaiveMixture naive = new NaiveMixture(mixture);
    Run run = new Run(plan, 1);
    Cursor at = plan.start();
    while (!plan.ended(at, 0)) {
      at = run.step(at, naive.step());
    }
    assertTrue(naive.step().isEmpty());
    naive.batch(1);
    Mixture smaller =
        mixture.withGlobalBatch(1).resuming(at).withWeights(at.index(), List.of(1.0, 2.0));
    naive.change(List.of(1.0, 2.0));
    MixturePlan rest = MixturePlan.of(smaller);
    Run single = new Run(rest, 1);
    at = rest.resume(at);
    int more = 0;
    while (!rest.ended(at, 0)) {
      at = single.step(at, naive.step());
      more++;
    }
    assertTrue(naive.step().isEmpty());
    assertTrue(more > 0, "rows after the smaller batch");
  }

  @Property(tries = 200)
  void countsAreExactInEveryBatchWhenLanesDivideIt(
      @ForAll @IntRange(min = 1, max = 8) int lanes,
      @ForAll @IntRange(min = 1, max = 8) int turns,
      @ForAll @IntRange(min = 1, max = 9) int weight) {
    int batch = lanes * turns;
    List<MixtureSource> sources =
        List.of(
            new MixtureSource("a", Shapes.of(50, 20), weight),
            new MixtureSource("b", Shapes.of(31), 5),
            new MixtureSource("c", Shapes.of(90), 10));
    Mixture mixture =
        Mixture.defaults(sources, Shuffle.NONE, UsedUp.STOP, 3, batch)
            .withSources(orders(sources, 4));
    mixture =
        new Mixture(
            Shuffle.BLOCK,
            UsedUp.STOP,
            3,
            batch,
            lanes,
            mixture.sources(),
            mixture.shapes(),
            mixture.schedule(),
            0);
    MixPattern pattern = new MixPattern(mixture.schedule().get(0));
    if (pattern.cycle() != batch) {
      return; // too small a batch for the weights
    }
    MixturePlan plan = MixturePlan.of(mixture);
    StepSamples out = new StepSamples();
    RankView view = plan.rank(0, 1);
    Cursor at = plan.start();
    for (int step = 0; step < 20; step++) {
      at = view.fill(at, out);
      int[] counts = new int[3];
      for (int row = 0; row < batch; row++) {
        counts[out.source(row)]++;
      }
      for (int d = 0; d < 3; d++) {
        assertEquals(pattern.quota(d), counts[d]);
        assertEquals(pattern.quota(d) * (step + 1L), plan.rowsBefore(d, at.index()));
      }
    }
  }

  @Property(tries = 300)
  void nextUseIsReadThenAndNotMuchEarlier(
      @ForAll("mixtures") Mixture mixture, @ForAll @IntRange(max = 5000) int where) {
    MixturePlan plan = MixturePlan.of(mixture);
    int source = where % mixture.sources().size();
    DatasetShape shape = mixture.shapes().get(source);
    int shard = where % shape.shardCount();
    int samples = shape.samplesIn(shard);
    if (samples == 0 || mixture.sources().get(source).epochs() > 0) {
      return;
    }
    int ordinal = where % samples;
    int step = where % 11;
    Cursor at = plan.after(plan.start(), step);
    long use = plan.nextUse(source, shard, ordinal, ordinal + 1, at.index() - 1);
    if (use == Plan.NEVER || plan.ended(at, 0)) {
      return;
    }
    assertTrue(use >= at.index(), () -> use + " before " + at.index());
    Cursor then = plan.after(plan.start(), use / mixture.globalBatch());
    if (then.schedule().size() > at.schedule().size() || plan.ended(then, 0)) {
      return; // weights changed between, which is not foreseen
    }
    StepSamples out = new StepSamples();
    plan.rank(0, 1).fill(then, out);
    boolean found = false;
    for (int row = 0; row < out.count(); row++) {
      found |= out.source(row) == source && out.shard(row) == shard && out.ordinal(row) == ordinal;
    }
    assertTrue(found, "not read in the step of position " + use);
  }

  @Example
  void nestedGroupsShareTheirWeight() {
    MixtureSource a = new MixtureSource("a", Shapes.of(9), 1);
    MixtureSource b = new MixtureSource("b", Shapes.of(9), 3);
    MixtureSource c = new MixtureSource("c", Shapes.of(9), 0.5);
    List<MixtureSource> flat = MixPart.flatten(List.of(c, new MixtureGroup(0.5, List.of(a, b))));
    assertEquals(0.5, flat.get(0).weight());
    assertEquals(0.125, flat.get(1).weight());
    assertEquals(0.375, flat.get(2).weight());
  }

  @Example
  void refusesAnotherPast() {
    List<MixtureSource> sources =
        List.of(
            new MixtureSource("a", Shapes.of(500), 1), new MixtureSource("b", Shapes.of(600), 1));
    Mixture mixture = Mixture.defaults(sources, Shuffle.BLOCK, UsedUp.STOP, 1, 16);
    MixturePlan plan = MixturePlan.of(mixture);
    Cursor later = plan.after(plan.start(), 7);
    Mixture other = mixture.withWeights(0, List.of(1.0, 3.0));
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> MixturePlan.of(other).resume(later));
    assertTrue(String.valueOf(refused.getMessage()).contains("schedule of weights"));
    assertFalse(plan.orderId().equals(MixturePlan.of(other).orderId()));
  }

  /** Fills all ranks of a step and compares them with the expected rows. */
  private static final class Run {
    private final List<RankView> views = new ArrayList<>();
    private final List<Plan> sources = new ArrayList<>();
    private final StepSamples out = new StepSamples();

    Run(MixturePlan plan, int world) {
      for (int rank = 0; rank < world; rank++) {
        views.add(plan.rank(rank, world));
      }
      for (int d = 0; d < plan.mixture().sources().size(); d++) {
        OrderSpec spec = plan.mixture().sourceSpec(d).withEnd(End.CARRY);
        sources.add(Plan.of(plan.mixture().shapes().get(d), spec));
      }
    }

    Cursor step(Cursor at, List<NaiveMixture.Row> expected) {
      Cursor next = at;
      int row = 0;
      for (RankView view : views) {
        next = view.fill(at, out);
        for (int i = 0; i < out.count(); i++) {
          NaiveMixture.Row one = expected.get(row++);
          assertEquals(one.source(), out.source(i));
          assertEquals(one.epoch(), out.epoch(i));
          assertEquals(one.index(), out.index(i));
          assertEquals(one.lane(), out.lane(i));
          long sample = sources.get(one.source()).sampleAt(one.epoch(), one.index());
          assertEquals(sample, out.sample(i));
        }
      }
      assertEquals(expected.size(), row);
      return next;
    }
  }

  private static List<SourceOrder> orders(List<MixtureSource> sources, int window) {
    List<SourceOrder> orders = new ArrayList<>();
    for (MixtureSource one : sources) {
      orders.add(
          new SourceOrder(one.name(), one.shape().fingerprint(), one.epochs(), window, 1, 5));
    }
    return orders;
  }

  private static List<Double> weights(SplittableRandom random, int sources) {
    List<Double> weights = new ArrayList<>();
    for (int d = 0; d < sources; d++) {
      weights.add(d > 0 && random.nextInt(5) == 0 ? 0.0 : 1 + random.nextInt(8));
    }
    return weights;
  }

  private static Mixture mixture(long number) {
    SplittableRandom random = new SplittableRandom(number);
    int count = 1 + random.nextInt(4);
    boolean block = random.nextInt(4) > 0;
    int groups = block ? 1 + random.nextInt(2) : 1;
    int lanes = block ? groups * (1 + random.nextInt(8)) : 1;
    int batch = 1 + random.nextInt(20);
    List<SourceOrder> orders = new ArrayList<>();
    List<DatasetShape> shapes = new ArrayList<>();
    for (int d = 0; d < count; d++) {
      DatasetShape shape = Shapes.shape(random);
      while (shape.sampleCount() < lanes) {
        shape = Shapes.shape(random);
      }
      shapes.add(shape);
      orders.add(
          new SourceOrder(
              "s" + d,
              shape.fingerprint(),
              random.nextInt(3),
              block ? 1 + random.nextInt(9) : 1,
              groups,
              1 + random.nextInt(20)));
    }
    List<Double> weights = weights(random, count);
    MixEntry entry = new MixEntry(0, MixPattern.cycle(weights, batch, lanes), weights);
    UsedUp usedUp = random.nextBoolean() ? UsedUp.STOP : UsedUp.HAND_OVER;
    Shuffle other = random.nextBoolean() ? Shuffle.NONE : Shuffle.GLOBAL;
    return new Mixture(
        block ? Shuffle.BLOCK : other,
        usedUp,
        random.nextLong(),
        batch,
        lanes,
        orders,
        shapes,
        List.of(entry),
        0);
  }
}
