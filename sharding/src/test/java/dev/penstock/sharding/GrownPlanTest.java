package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongFunction;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Shards appended in mid-run, and samples that stand in for bad ones. */
class GrownPlanTest {
  @Property(tries = 500)
  void finishesTheEpochOnTheOldListAndGoesOnWithTheNew(@ForAll long number) {
    SplittableRandom random = new SplittableRandom(number);
    Plan old = Shapes.plan(number);
    DatasetShape now = longer(old.shape(), random);
    Plan started = Plan.of(old.shape(), old.spec());
    Cursor saved = started.after(started.start(), random.nextInt(6));
    long growsAt = saved.epoch() + 1;
    Plan grown = Plan.grown(old.shape(), now, old.spec(), growsAt);
    Plan later = Plan.of(now, old.spec());
    Cursor at = grown.resume(saved);
    assertEquals(saved, at);
    List<Long> positions = new ArrayList<>();
    int world = old.spec().globalBatch() % 3 == 0 ? 3 : 1;
    RankView view = grown.rank(world - 1, world);
    StepSamples out = new StepSamples();
    Cursor from = at;
    for (int step = 0; !grown.ended(at, growsAt + 2); step++) {
      assertEquals(from.step() + step, at.step());
      assertEquals(at, grown.after(from, step));
      assertEquals(at.epoch() < growsAt ? old.shape().fingerprint() : "longer", at.fingerprint());
      assertEquals(at, grown.resume(at));
      positions.add(at.epoch() * 1_000_000 + at.index());
      Cursor next = walked(at, n -> n < growsAt ? started : later);
      at = view.fill(at, out);
      assertEquals(next.epoch(), at.epoch());
      assertEquals(next.index(), at.index());
      for (int row = 0; row < out.count(); row++) {
        Plan plan = out.epoch(row) < growsAt ? started : later;
        assertEquals(plan.sampleAt(out.epoch(row), out.index(row)), out.sample(row));
        assertEquals(out.index(row), grown.indexOf(out.epoch(row), out.sample(row)));
      }
    }
    for (int i = 1; i < positions.size(); i++) {
      assertTrue(positions.get(i - 1) < positions.get(i));
    }
    long whole = grown.steps(growsAt + 2) - grown.steps(growsAt);
    assertEquals(whole, positions.stream().filter(p -> p >= growsAt * 1_000_000).count());
  }

  @Example
  void refusesWhatIsNotAppended() {
    OrderSpec spec = OrderSpec.defaults(Shapes.of(9, 9), Shuffle.BLOCK, End.PAD, 1, 2);
    assertThrows(
        IllegalArgumentException.class,
        () -> Plan.grown(Shapes.of(9, 9), Shapes.of(9, 8, 9), spec, 1));
    Plan plan = Plan.grown(Shapes.of(9, 9), Shapes.of(9, 9, 9), spec, 1);
    Cursor later = plan.after(plan.start(), 12);
    assertThrows(IllegalArgumentException.class, () -> plan.after(later, -5));
  }

  @Property(tries = 500)
  void substitutesAreTheOthersOfTheWindow(@ForAll long number) {
    Plan plan = Shapes.plan(number);
    long n = plan.shape().sampleCount();
    long index = Math.floorMod(number, n);
    long others = plan.substitutes(3, index);
    List<Long> seen = new ArrayList<>();
    for (int attempt = 1; attempt <= others; attempt++) {
      long other = plan.substituteIndex(3, index, attempt);
      assertTrue(other != index && other >= 0 && other < n && !seen.contains(other));
      assertEquals(index % plan.spec().lanes(), other % plan.spec().lanes());
      seen.add(other);
    }
    assertEquals(index, plan.substituteIndex(3, index, (int) others + 1));
    assertTrue(plan.spec().shuffle() != Shuffle.BLOCK || others < plan.spec().window());
  }

  /** The next step's place, one index after the other. */
  private static Cursor walked(Cursor at, LongFunction<Plan> plans) {
    long epoch = at.epoch();
    long index = at.index();
    for (int i = 0; i < at.globalBatch(); i++) {
      index++;
      if (at.end() == End.CARRY && index == plans.apply(epoch).shape().sampleCount()) {
        index = 0;
        epoch++;
      }
    }
    long left = plans.apply(epoch).shape().sampleCount() - index;
    boolean turns = at.end() == End.DROP ? left < at.globalBatch() : left <= 0;
    return turns ? at.at(epoch + 1, 0, 0) : at.at(epoch, index, 0);
  }

  private static DatasetShape longer(DatasetShape shape, SplittableRandom random) {
    int shards = shape.shardCount() + 1 + random.nextInt(4);
    int[] samples = new int[shards];
    boolean[] closed = new boolean[shards];
    for (int shard = 0; shard < shards; shard++) {
      boolean kept = shard < shape.shardCount();
      samples[shard] = kept ? shape.samplesIn(shard) : random.nextInt(40);
      closed[shard] = kept && shape.closed(shard);
    }
    return DatasetShape.of("longer", samples, new long[shards], closed);
  }
}
