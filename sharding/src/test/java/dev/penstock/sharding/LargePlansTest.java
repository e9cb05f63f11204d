package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** The promises at random places of orders over up to 10,000 shards of up to 100,000 samples. */
class LargePlansTest {
  private static final List<End> ENDS = List.of(End.values());
  private static final List<Shuffle> SHUFFLES = Shapes.SHUFFLES;

  @Property(tries = 60)
  void holdAtRandomPlaces(@ForAll long number) {
    SplittableRandom random = new SplittableRandom(number);
    Plan plan = plan(random);
    long n = plan.shape().sampleCount();
    for (int i = 0; i < 20; i++) {
      long epoch = random.nextInt(3);
      long index = random.nextLong(n);
      assertEquals(index, plan.indexOf(epoch, plan.sampleAt(epoch, index)));
    }
    List<Integer> worlds = Shapes.divisors(plan.spec().globalBatch());
    for (int i = 0; i < 4; i++) {
      Cursor at = plan.after(plan.start(), random.nextLong(3 * plan.stepsPerEpoch()));
      assertEquals(at, plan.resume(at));
      int world = worlds.get(random.nextInt(worlds.size()));
      assertStep(plan, at, world);
    }
  }

  @Property(tries = 100)
  void groupsStayWithTheirLanes(@ForAll long number) {
    Plan plan = Shapes.plan(number);
    int n = (int) plan.shape().sampleCount();
    int lanesPerGroup = plan.spec().lanes() / plan.spec().groups();
    for (int sample = 0; sample < n; sample++) {
      long first = plan.indexOf(0, sample) % plan.spec().lanes() / lanesPerGroup;
      for (int epoch = 1; epoch < 4; epoch++) {
        assertEquals(first, plan.indexOf(epoch, sample) % plan.spec().lanes() / lanesPerGroup);
      }
    }
  }

  /** All ranks together hold the step's indexes, each as random access has it, and once. */
  private static void assertStep(Plan plan, Cursor at, int world) {
    long n = plan.shape().sampleCount();
    StepSamples out = new StepSamples();
    Set<Long> seen = new HashSet<>();
    Cursor next = plan.after(at, 1);
    int padding = 0;
    for (int rank = 0; rank < world; rank++) {
      RankView view = plan.rank(rank, world);
      assertEquals(next, view.fill(at, out));
      assertEquals(plan.spec().globalBatch() / world, out.count());
      for (int row = 0; row < out.count(); row++) {
        assertEquals(plan.sampleAt(out.epoch(row), out.index(row)), out.sample(row));
        long position = out.epoch(row) * n + out.index(row);
        if (out.valid(row)) {
          long distance = position - at.epoch() * n - at.index();
          assertTrue(distance >= 0 && distance < plan.spec().globalBatch());
          assertTrue(seen.add(position));
        } else {
          padding++;
        }
      }
    }
    assertEquals(plan.spec().globalBatch(), seen.size() + padding);
    assertTrue(padding == 0 || plan.spec().end() == End.PAD);
  }

  private static Plan plan(SplittableRandom random) {
    int shards = 1 + random.nextInt(random.nextBoolean() ? 20 : 10_000);
    int most = 1 + random.nextInt(random.nextBoolean() ? 100 : 100_000);
    int[] samples = new int[shards];
    long[] bytes = new long[shards];
    boolean[] closed = new boolean[shards];
    int sampleBytes = 1 + random.nextInt(300_000);
    int closedOf3 = random.nextInt(4);
    for (int shard = 0; shard < shards; shard++) {
      samples[shard] = random.nextInt(10) == 0 ? 0 : random.nextInt(most + 1);
      bytes[shard] = (long) samples[shard] * sampleBytes;
      closed[shard] = random.nextInt(3) < closedOf3;
    }
    samples[0] = most;
    DatasetShape shape = DatasetShape.of("large", samples, bytes, closed);
    int batch = 1 + random.nextInt((int) Math.min(2000, shape.sampleCount()));
    End end = ENDS.get(random.nextInt(ENDS.size()));
    Shuffle shuffle = SHUFFLES.get(random.nextInt(SHUFFLES.size()));
    return Plan.of(shape, OrderSpec.defaults(shape, shuffle, end, random.nextLong(), batch));
  }
}
