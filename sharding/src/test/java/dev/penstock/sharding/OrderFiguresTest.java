package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * What an order costs at 10^9 samples in 10^6 shards. Prints figures; only memory decides, never
 * time.
 */
class OrderFiguresTest {
  private static final int SHARDS = 1_000_000;
  private static final int BATCH = 8192;
  private static final long MIB = 1 << 20;

  @Test
  void blockOrder() {
    figures(Shuffle.BLOCK);
  }

  @Test
  void globalOrder() {
    figures(Shuffle.GLOBAL);
  }

  @Test
  void storedOrder() {
    figures(Shuffle.NONE);
  }

  @Test
  void globalPermutationInBatches() {
    GlobalPermutation permutation = new GlobalPermutation(1_000_000_000L, 5, 0);
    GlobalPermutation.Scratch scratch = new GlobalPermutation.Scratch();
    long[] out = new long[GlobalPermutation.batch()];
    double best = Double.MAX_VALUE;
    long sum = 0;
    for (int round = 0; round < 50; round++) {
      int batches = 400;
      long began = System.nanoTime();
      for (int batch = 0; batch < batches; batch++) {
        permutation.applyBatch((long) batch * out.length, out.length, out, scratch);
        sum += out[batch % out.length];
      }
      double took = System.nanoTime() - began;
      best = Math.min(best, took / ((double) batches * out.length));
    }
    print("global permutation alone: %.1f ns an index (%d)", best, sum & 1);
  }

  private static void figures(Shuffle shuffle) {
    long before = usedBytes();
    long began = System.nanoTime();
    int[] samples = new int[SHARDS];
    long[] bytes = new long[SHARDS];
    Arrays.fill(samples, 1000);
    Arrays.fill(bytes, 100_000_000L);
    DatasetShape shape = DatasetShape.of("large", samples, bytes, new boolean[SHARDS]);
    Plan plan = Plan.of(shape, OrderSpec.defaults(shape, shuffle, End.DROP, 7, BATCH));
    double openMillis = millisSince(began);
    RankView view = plan.rank(0, 1);
    StepSamples out = new StepSamples();
    began = System.nanoTime();
    view.fill(plan.start(), out);
    double firstMillis = millisSince(began);
    began = System.nanoTime();
    view.fill(plan.after(plan.start(), 60_000), out);
    double seekMillis = millisSince(began);
    print("%s: %s", shuffle, plan.describe());
    print("  open %.0f ms, first step %.1f ms, seek %.2f ms", openMillis, firstMillis, seekMillis);
    rowCosts(plan, view, out);
    rowCosts(plan, plan.rank(3, 8), out);
    warmSeeks(plan, view, out);
    nextUseCosts(plan);
    long held = usedBytes() - before;
    print("  %d MiB held", held / MIB);
    assertTrue(held < 256 * MIB, () -> held + " bytes held");
    assertTrue(view.rows() == BATCH && out.count() > 0); // and keep all of it reachable
  }

  private static void rowCosts(Plan plan, RankView view, StepSamples out) {
    double best = Double.MAX_VALUE;
    double allocated = Double.MAX_VALUE;
    Cursor at = plan.after(plan.start(), 1000);
    for (int round = 0; round < 60; round++) {
      int steps = 1 + 50_000 / view.rows();
      Runtime runtime = Runtime.getRuntime();
      long usedBefore = runtime.totalMemory() - runtime.freeMemory();
      long began = System.nanoTime();
      for (int step = 0; step < steps; step++) {
        at = view.fill(at, out);
      }
      double rows = (double) steps * view.rows();
      best = Math.min(best, (System.nanoTime() - began) / rows);
      long used = runtime.totalMemory() - runtime.freeMemory() - usedBefore;
      if (used >= 0 && round > 9) {
        allocated = Math.min(allocated, used / rows);
      }
    }
    double bytes = allocated;
    print("  %d rows a step: %.1f ns and %.3f bytes of heap an index", view.rows(), best, bytes);
    assertTrue(bytes < 1, () -> bytes + " bytes of heap an index");
  }

  /** First steps at places all over the epoch, once the code is compiled. */
  private static void warmSeeks(Plan plan, RankView view, StepSamples out) {
    SplittableRandom random = new SplittableRandom(2);
    double[] millis = new double[101];
    for (int i = 0; i < millis.length; i++) {
      Cursor at = plan.after(plan.start(), random.nextLong(plan.stepsPerEpoch()));
      long began = System.nanoTime();
      view.fill(at, out);
      millis[i] = millisSince(began);
    }
    Arrays.sort(millis);
    print("  seek once compiled: least %.2f ms, median %.2f ms", millis[0], millis[50]);
  }

  /** A block of five samples, as it is asked for when something has to go. */
  private static void nextUseCosts(Plan plan) {
    SplittableRandom random = new SplittableRandom(1);
    double best = Double.MAX_VALUE;
    long found = 0;
    for (int round = 0; round < 30; round++) {
      int calls = 500;
      long began = System.nanoTime();
      for (int call = 0; call < calls; call++) {
        int from = random.nextInt(995);
        long use = plan.nextUse(random.nextInt(SHARDS), from, from + 5, 500_000_000L);
        found += use == Plan.NEVER ? 0 : 1;
      }
      best = Math.min(best, (System.nanoTime() - began) / 1e3 / calls);
    }
    print("  next use of a block %.2f us (%d found)", best, found);
  }

  /** After a collection, which the serial collector of the tests does at once. */
  private static long usedBytes() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private static double millisSince(long began) {
    return (System.nanoTime() - began) / 1e6;
  }

  private static void print(String format, Object... values) {
    System.out.printf(format + "%n", values);
  }
}
