package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The table says what the search says, for shards of any sizes, empty ones among them. */
class PlaceTableTest {
  private static final int SAMPLES = 2000;

  @Property(tries = 200)
  void saysWhatTheSearchSays(
      @ForAll @IntRange(min = 1, max = 5000) int shardCount,
      @ForAll @IntRange(min = 0, max = 3) int kind,
      @ForAll long seed) {
    Random random = new Random(seed);
    int[] counts = new int[shardCount];
    for (int shard = 0; shard < shardCount; shard++) {
      counts[shard] =
          switch (kind) {
            case 0 -> 1000 + random.nextInt(100);
            case 1 -> random.nextInt(3);
            case 2 -> random.nextInt(50) == 0 ? 100_000 : random.nextInt(20);
            default -> 1 << random.nextInt(17);
          };
    }
    counts[random.nextInt(shardCount)] += 1;
    DatasetShape shape =
        DatasetShape.of("d", counts, new long[shardCount], new boolean[shardCount]);
    long[] samples = new long[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      samples[i] = i % 10 == 0 ? border(shape, random) : random.nextLong(shape.sampleCount());
    }
    int[] shards = new int[SAMPLES];
    int[] numbers = new int[SAMPLES];
    new PlaceTable(shape).places(samples, SAMPLES, shards, numbers);
    for (int i = 0; i < SAMPLES; i++) {
      int shard = shape.shardOf(samples[i]);
      assertEquals(shard, shards[i], "shard of sample " + samples[i]);
      assertEquals(samples[i] - shape.firstSample(shard), numbers[i]);
    }
  }

  /** A sample beside the border of two shards. */
  private static long border(DatasetShape shape, Random random) {
    long first = shape.firstSample(random.nextInt(shape.shardCount()));
    return Math.clamp(first - random.nextInt(2), 0, shape.sampleCount() - 1);
  }
}
