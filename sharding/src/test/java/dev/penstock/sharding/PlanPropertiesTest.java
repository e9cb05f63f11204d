package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** The promises of the order over random datasets and parameters, against plain restatements. */
class PlanPropertiesTest {
  /** A row as the definition has it. */
  private record Row(int lane, long epoch, long unwrapped, long index, boolean valid) {}

  @Provide
  Arbitrary<Plan> plans() {
    return Shapes.plans();
  }

  @Property
  void everyEpochHoldsEverySampleOnce(
      @ForAll("plans") Plan plan, @ForAll @IntRange(max = 9) int e) {
    int n = (int) plan.shape().sampleCount();
    boolean[] seen = new boolean[n];
    for (int index = 0; index < n; index++) {
      int sample = (int) plan.sampleAt(e, index);
      assertFalse(seen[sample], () -> "sample " + sample + " twice: " + plan.describe());
      seen[sample] = true;
      assertEquals(index, plan.indexOf(e, sample));
    }
  }

  @Property
  void ranksTakeEqualPiecesOfTheSortedStep(@ForAll("plans") Plan plan) {
    StepSamples out = new StepSamples();
    for (int world : Shapes.divisors(plan.spec().globalBatch())) {
      List<RankView> views = new ArrayList<>();
      for (int rank = 0; rank < world; rank++) {
        views.add(plan.rank(rank, world));
      }
      Cursor at = plan.start();
      for (int step = 0; step < Math.min(12, 2 * plan.stepsPerEpoch() + 1); step++) {
        List<Row> expected = rows(plan, at);
        int piece = expected.size() / world;
        Cursor next = at;
        for (int rank = 0; rank < world; rank++) {
          next = views.get(rank).fill(at, out);
          assertEquals(piece, out.count());
          assertEquals(step, out.step());
          for (int row = 0; row < piece; row++) {
            assertRow(plan, expected.get(rank * piece + row), out, row);
          }
        }
        assertEquals(plan.after(at, 1), next);
        at = next;
      }
    }
  }

  @Property
  void cursorsCountAndResumeAtEveryStep(@ForAll("plans") Plan plan) {
    long n = plan.shape().sampleCount();
    int batch = plan.spec().globalBatch();
    long epochs = 3;
    List<Cursor> cursors = new ArrayList<>();
    for (Cursor at = plan.start(); !plan.ended(at, epochs); at = plan.after(at, 1)) {
      cursors.add(at);
    }
    long expected =
        switch (plan.spec().end()) {
          case DROP -> epochs * (n / batch);
          case PAD -> epochs * ((n + batch - 1) / batch);
          case CARRY -> (epochs * n + batch - 1) / batch;
        };
    assertEquals(expected, cursors.size());
    assertEquals(expected, plan.steps(epochs));
    for (int i = 0; i < cursors.size(); i++) {
      Cursor at = cursors.get(i);
      assertEquals(at, plan.after(plan.start(), i));
      assertEquals(plan.start(), plan.after(at, -i));
      assertEquals(cursors.get(i / 2), plan.after(at, i / 2 - i));
      assertEquals(at, Plan.of(plan.shape(), at.spec()).resume(at));
    }
  }

  @Property(tries = 200)
  void aRunCutAtAnyStepGoesOnTheSame(@ForAll("plans") Plan plan) {
    List<Long> whole = new ArrayList<>();
    StepSamples out = new StepSamples();
    RankView view = plan.rank(0, 1);
    Cursor at = plan.start();
    long steps = Math.min(20, plan.steps(3));
    List<Cursor> cursors = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      cursors.add(at);
      at = view.fill(at, out);
      addTo(whole, out);
    }
    for (int cut = 0; cut < steps; cut++) {
      Plan again = Plan.of(plan.shape(), cursors.get(cut).spec());
      RankView fresh = again.rank(0, 1);
      Cursor from = again.resume(cursors.get(cut));
      List<Long> rest = new ArrayList<>();
      for (long step = cut; step < steps; step++) {
        from = fresh.fill(from, out);
        addTo(rest, out);
      }
      assertEquals(whole.subList(cut * plan.spec().globalBatch(), whole.size()), rest);
    }
  }

  @Property
  void anotherBatchGoesOnWithoutLossOrRepeat(@ForAll("plans") Plan plan, @ForAll long choices) {
    SplittableRandom random = new SplittableRandom(choices);
    int n = (int) plan.shape().sampleCount();
    StepSamples out = new StepSamples();
    Plan now = plan;
    Cursor at = plan.start();
    long expected = 0; // the next position, epoch · n + index
    for (int life = 0; life < 6; life++) {
      int batch = 1 + random.nextInt(plan.spec().end() == End.DROP ? n : 40);
      now = Plan.of(plan.shape(), plan.spec().withGlobalBatch(batch));
      at = now.resume(at);
      for (int step = random.nextInt(5); step > 0; step--) {
        boolean entersEpoch = at.index() == 0 && expected % n != 0;
        if (entersEpoch && plan.spec().end() == End.DROP) {
          expected += n - expected % n;
        }
        assertEquals(expected, at.epoch() * n + at.index());
        at = now.rank(0, 1).fill(at, out);
        boolean[] seen = new boolean[batch];
        for (int row = 0; row < batch; row++) {
          if (out.valid(row)) {
            seen[(int) (out.epoch(row) * n + out.index(row) - expected)] = true;
          }
        }
        int rows = 0;
        while (rows < batch && seen[rows]) {
          rows++;
        }
        boolean pads = plan.spec().end() == End.PAD;
        assertEquals(pads ? Math.min(batch, n - expected % n) : batch, rows);
        expected += rows;
      }
    }
  }

  @Property
  void nextUseIsTheSoonestPositionAhead(
      @ForAll("plans") Plan plan, @ForAll @IntRange(max = 10_000) int where) {
    int n = (int) plan.shape().sampleCount();
    long position = where % (2L * n) - 1;
    int shard = where % plan.shape().shardCount();
    int samples = plan.shape().samplesIn(shard);
    int from = samples == 0 ? 0 : where % samples;
    int to = Math.min(samples, from + 1 + where % 7);
    assertEquals(
        naiveNextUse(plan, shard, from, to, position), plan.nextUse(shard, from, to, position));
  }

  @Property(tries = 200)
  void lookAheadWalksTheRowsOfTheRank(@ForAll("plans") Plan plan) {
    int world = plan.spec().globalBatch() % 2 == 0 ? 2 : 1;
    LookAhead ahead = plan.lookAhead(world - 1, world, plan.start(), 2);
    RankView view = plan.rank(world - 1, world);
    StepSamples out = new StepSamples();
    Cursor at = plan.start();
    while (!plan.ended(at, 2)) {
      at = view.fill(at, out);
      for (int row = 0; row < out.count(); row++) {
        assertTrue(ahead.advance());
        assertEquals(out.step(), ahead.step());
        assertEquals(out.shard(row), ahead.shard());
        assertEquals(out.ordinal(row), ahead.ordinal());
        assertEquals(out.valid(row), ahead.valid());
      }
      assertEquals(at, ahead.next());
    }
    assertFalse(ahead.advance());
  }

  @Property(tries = 200)
  void readAmplificationCountsTheRanksOfEachLane(
      @ForAll @IntRange(min = 1, max = 12) int lanes,
      @ForAll @IntRange(min = 1, max = 4) int factor,
      @ForAll @IntRange(min = 1, max = 12) int world,
      @ForAll boolean more) {
    int batch = more ? lanes * factor * world : world;
    int laneCount = more ? lanes : world * factor;
    DatasetShape shape = Shapes.of(batch * laneCount * 2);
    Plan plan =
        Plan.of(shape, new OrderSpec(Shuffle.BLOCK, End.DROP, 1, batch, laneCount, 2, 1, 3));
    StepSamples out = new StepSamples();
    boolean[][] reads = new boolean[world][laneCount];
    int pairs = 0;
    for (int rank = 0; rank < world; rank++) {
      RankView view = plan.rank(rank, world);
      Cursor at = plan.start();
      for (int step = 0; step < 2 * factor; step++) {
        at = view.fill(at, out);
        for (int row = 0; row < out.count(); row++) {
          pairs += reads[rank][out.lane(row)] ? 0 : 1;
          reads[rank][out.lane(row)] = true;
        }
      }
    }
    assertEquals((double) pairs / laneCount, plan.readAmplification(world), 1e-9);
  }

  private static long naiveNextUse(Plan plan, int shard, int from, int to, long position) {
    long n = plan.shape().sampleCount();
    long epoch = Math.max(0, Math.floorDiv(position, n));
    long read =
        plan.spec().end() == End.DROP ? plan.stepsPerEpoch() * plan.spec().globalBatch() : n;
    for (long p = Math.max(0, position + 1); p < (epoch + 2) * n; p++) {
      long sample = plan.sampleAt(p / n, p % n) - plan.shape().firstSample(shard);
      if (p % n < read && sample >= from && sample < to) {
        return p;
      }
    }
    return Plan.NEVER;
  }

  private static void addTo(List<Long> list, StepSamples out) {
    for (int row = 0; row < out.count(); row++) {
      list.add(out.valid(row) ? out.sample(row) : -1 - out.sample(row));
    }
  }

  private static void assertRow(Plan plan, Row expected, StepSamples out, int row) {
    assertEquals(expected.epoch(), out.epoch(row));
    assertEquals(expected.index(), out.index(row));
    assertEquals(expected.lane(), out.lane(row));
    assertEquals(expected.valid(), out.valid(row));
    long sample = plan.sampleAt(expected.epoch(), expected.index());
    assertEquals(sample, out.sample(row));
    assertEquals(plan.shape().shardOf(sample), out.shard(row));
    assertEquals(sample - plan.shape().firstSample(out.shard(row)), out.ordinal(row));
    assertTrue(out.ordinal(row) < plan.shape().samplesIn(out.shard(row)));
  }

  /** The step's rows as the definition says: all indexes, sorted by (lane, epoch, index). */
  private static List<Row> rows(Plan plan, Cursor at) {
    long n = plan.shape().sampleCount();
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < plan.spec().globalBatch(); i++) {
      long q = at.index() + i;
      boolean carry = plan.spec().end() == End.CARRY;
      long epoch = carry ? at.epoch() + q / n : at.epoch();
      long unwrapped = carry ? q % n : q;
      int lane = (int) (q % n % plan.spec().lanes());
      rows.add(new Row(lane, epoch, unwrapped, q % n, carry || q < n));
    }
    rows.sort(
        Comparator.comparingInt(Row::lane)
            .thenComparingLong(Row::epoch)
            .thenComparingLong(Row::unwrapped));
    return rows;
  }
}
