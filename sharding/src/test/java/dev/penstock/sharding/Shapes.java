package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Random datasets and orders for property tests, each made from one number so that it shrinks. */
final class Shapes {
  private static final List<End> ENDS = List.of(End.values());

  /** The orders that an {@link OrderSpec} has. */
  static final List<Shuffle> SHUFFLES = List.of(Shuffle.NONE, Shuffle.BLOCK, Shuffle.GLOBAL);

  private Shapes() {}

  static DatasetShape of(int... samples) {
    long[] bytes = new long[samples.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = samples[i] * 100_000L;
    }
    return DatasetShape.of("test", samples, bytes, new boolean[samples.length]);
  }

  /** A plan over 1 to 12 shards, some empty, some closed, with any parameters that are allowed. */
  static Arbitrary<Plan> plans() {
    return Arbitraries.longs().map(Shapes::plan);
  }

  static Plan plan(long number) {
    SplittableRandom random = new SplittableRandom(number);
    int batch = 1 + random.nextInt(48);
    End end = ENDS.get(random.nextInt(ENDS.size()));
    DatasetShape shape = shape(random);
    while (shape.sampleCount() < (end == End.DROP ? batch : 1)) {
      shape = shape(random);
    }
    return Plan.of(shape, spec(random, shape, end, batch));
  }

  static DatasetShape shape(SplittableRandom random) {
    int shards = 1 + random.nextInt(12);
    int most = 1 + random.nextInt(60);
    int[] samples = new int[shards];
    long[] bytes = new long[shards];
    boolean[] closed = new boolean[shards];
    int closedOf4 = random.nextInt(5);
    for (int i = 0; i < shards; i++) {
      samples[i] = random.nextInt(6) == 0 ? 0 : random.nextInt(most + 1);
      bytes[i] = samples[i] * 1000L;
      closed[i] = random.nextInt(4) < closedOf4;
    }
    return DatasetShape.of("random", samples, bytes, closed);
  }

  static OrderSpec spec(SplittableRandom random, DatasetShape shape, End end, int batch) {
    Shuffle shuffle = SHUFFLES.get(random.nextInt(SHUFFLES.size()));
    long seed = random.nextLong();
    if (shuffle != Shuffle.BLOCK || random.nextInt(4) == 0) {
      return OrderSpec.defaults(shape, shuffle, end, seed, batch);
    }
    int groups = 1 + random.nextInt(5);
    int lanes = groups * (1 + random.nextInt(12));
    return new OrderSpec(
        shuffle, end, seed, batch, lanes, 1 + random.nextInt(20), groups, 1 + random.nextInt(30));
  }

  static List<Integer> divisors(int number) {
    List<Integer> divisors = new ArrayList<>();
    for (int i = 1; i <= number; i++) {
      if (number % i == 0) {
        divisors.add(i);
      }
    }
    return divisors;
  }
}
