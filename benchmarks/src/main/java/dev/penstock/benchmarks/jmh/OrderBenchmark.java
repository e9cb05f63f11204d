package dev.penstock.benchmarks.jmh;

import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.DatasetShape;
import dev.penstock.sharding.End;
import dev.penstock.sharding.OrderSpec;
import dev.penstock.sharding.Plan;
import dev.penstock.sharding.RankView;
import dev.penstock.sharding.Shuffle;
import dev.penstock.sharding.StepSamples;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does it cost to say which sample is next? One rank's rows of steps of 1,024, over a dataset
 * of ImageNet's shape (1,281,167 samples in 147 shards); time per row.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class OrderBenchmark {
  private static final int SHARDS = 147;
  private static final int SAMPLES = 1_281_167;
  private static final int GLOBAL_BATCH = 1024;
  private static final int WORLD = 8;

  /** How the epoch is ordered. */
  @Param({"NONE", "BLOCK"})
  public Shuffle shuffle = Shuffle.BLOCK;

  private final StepSamples step = new StepSamples();
  private RankView view = view(Shuffle.NONE);
  private Cursor cursor = plan(Shuffle.NONE).start();

  /** Makes the plan. */
  @Setup
  public void makePlan() {
    view = view(shuffle);
    cursor = plan(shuffle).start();
  }

  /** The next rows of one rank. */
  @Benchmark
  @OperationsPerInvocation(GLOBAL_BATCH / WORLD)
  public StepSamples next() {
    cursor = view.fill(cursor, step);
    return step;
  }

  private static RankView view(Shuffle shuffle) {
    return plan(shuffle).rank(3, WORLD);
  }

  private static Plan plan(Shuffle shuffle) {
    int[] counts = new int[SHARDS];
    long[] bytes = new long[SHARDS];
    Arrays.fill(counts, SAMPLES / SHARDS);
    counts[0] += SAMPLES % SHARDS;
    for (int shard = 0; shard < SHARDS; shard++) {
      bytes[shard] = counts[shard] * 110_000L;
    }
    DatasetShape shape = DatasetShape.of("imagenet", counts, bytes, new boolean[SHARDS]);
    return Plan.of(shape, OrderSpec.defaults(shape, shuffle, End.CARRY, 7, GLOBAL_BATCH));
  }
}
