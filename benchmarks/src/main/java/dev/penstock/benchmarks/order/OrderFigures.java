package dev.penstock.benchmarks.order;

import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.DatasetShape;
import dev.penstock.sharding.End;
import dev.penstock.sharding.OrderSpec;
import dev.penstock.sharding.Plan;
import dev.penstock.sharding.RankView;
import dev.penstock.sharding.Shuffle;
import dev.penstock.sharding.StepSamples;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * What one order of a dataset costs, measured in this Java machine. Times are the best of their
 * rounds, as others use the machine too; seeks are medians.
 *
 * @param shuffle the order
 * @param about the plan in words
 * @param openMillis shape and plan
 * @param firstMillis the first step, which makes the epoch's table
 * @param heldBytes of heap, after a collection, with all that the questions below have made
 * @param ranks rows of a step by the size of the rank's share
 * @param seekMillis the first step somewhere else, once the code is compiled
 * @param nextUseMicros when a block of five samples is read again
 */
public record OrderFigures(
    Shuffle shuffle,
    String about,
    double openMillis,
    double firstMillis,
    long heldBytes,
    List<Rank> ranks,
    double seekMillis,
    double nextUseMicros) {
  private static final int ROUNDS = 60;
  private static final int WARM_ROUNDS = 10;
  private static final int SEEKS = 101;
  private static final int NEXT_USE_ROUNDS = 30;
  private static final int NEXT_USES = 500;

  /** A round of fewer would measure the clock. */
  private static final int ROWS_PER_ROUND = 50_000;

  private static final long SAMPLE_BYTES = 100_000;

  /**
   * One rank's steps.
   *
   * @param rows of its share of a step
   * @param nanosPerRow with shard and ordinal
   * @param heapBytesPerRow allocated
   */
  public record Rank(int rows, double nanosPerRow, double heapBytesPerRow) {}

  /**
   * Opens an order at its defaults and asks it.
   *
   * @param shards of the dataset
   * @param samplesEach in every shard
   * @param batch rows of a step, a multiple of 8
   */
  public static OrderFigures measure(Shuffle shuffle, int shards, int samplesEach, int batch) {
    long before = usedBytes();
    long began = System.nanoTime();
    Plan plan = open(shuffle, shards, samplesEach, batch);
    double openMillis = millisSince(began);
    RankView view = plan.rank(0, 1);
    StepSamples out = new StepSamples();
    began = System.nanoTime();
    view.fill(plan.start(), out);
    double firstMillis = millisSince(began);
    List<Rank> ranks = new ArrayList<>();
    ranks.add(rows(plan, view, out));
    ranks.add(rows(plan, plan.rank(3, 8), out));
    double seekMillis = seek(plan, view, out);
    double nextUseMicros = nextUse(plan);
    long held = usedBytes() - before;
    if (view.rows() != plan.globalBatch() || out.count() == 0) { // and keep all of it until here
      throw new IllegalStateException("a step of %d rows has none".formatted(view.rows()));
    }
    return new OrderFigures(
        shuffle, plan.describe(), openMillis, firstMillis, held, ranks, seekMillis, nextUseMicros);
  }

  private static Plan open(Shuffle shuffle, int shards, int samplesEach, int batch) {
    int[] samples = new int[shards];
    long[] bytes = new long[shards];
    Arrays.fill(samples, samplesEach);
    Arrays.fill(bytes, samplesEach * SAMPLE_BYTES);
    DatasetShape shape = DatasetShape.of("large", samples, bytes, new boolean[shards]);
    return Plan.of(shape, OrderSpec.defaults(shape, shuffle, End.DROP, 7, batch));
  }

  private static Rank rows(Plan plan, RankView view, StepSamples out) {
    double best = Double.MAX_VALUE;
    double allocated = Double.MAX_VALUE;
    long steps = Math.min(plan.stepsPerEpoch(), 1L + ROWS_PER_ROUND / view.rows());
    Cursor at = plan.after(plan.start(), plan.stepsPerEpoch() / 100);
    for (int round = 0; round < ROUNDS; round++) {
      Runtime runtime = Runtime.getRuntime();
      long usedBefore = runtime.totalMemory() - runtime.freeMemory();
      long began = System.nanoTime();
      for (long step = 0; step < steps; step++) {
        at = view.fill(at, out);
      }
      double rows = (double) steps * view.rows();
      best = Math.min(best, (System.nanoTime() - began) / rows);
      long used = runtime.totalMemory() - runtime.freeMemory() - usedBefore;
      if (used >= 0 && round >= WARM_ROUNDS) {
        allocated = Math.min(allocated, used / rows);
      }
    }
    return new Rank(view.rows(), best, allocated);
  }

  /** First steps at places all over the epoch. */
  private static double seek(Plan plan, RankView view, StepSamples out) {
    SplittableRandom random = new SplittableRandom(2);
    double[] millis = new double[SEEKS];
    for (int i = 0; i < millis.length; i++) {
      Cursor at = plan.after(plan.start(), random.nextLong(plan.stepsPerEpoch()));
      long began = System.nanoTime();
      view.fill(at, out);
      millis[i] = millisSince(began);
    }
    Arrays.sort(millis);
    return millis[SEEKS / 2];
  }

  /** A block of five samples, as it is asked for when something has to go. */
  private static double nextUse(Plan plan) {
    SplittableRandom random = new SplittableRandom(1);
    DatasetShape shape = plan.shape();
    long middle = shape.sampleCount() / 2;
    double best = Double.MAX_VALUE;
    for (int round = 0; round < NEXT_USE_ROUNDS; round++) {
      long found = 0;
      long began = System.nanoTime();
      for (int call = 0; call < NEXT_USES; call++) {
        int shard = random.nextInt(shape.shardCount());
        int from = random.nextInt(shape.samplesIn(shard) - 4);
        found += plan.nextUse(shard, from, from + 5, middle) == Plan.NEVER ? 0 : 1;
      }
      double took = (System.nanoTime() - began) / 1e3 / NEXT_USES;
      if (found == 0) {
        throw new IllegalStateException("no block is ever used again");
      }
      best = Math.min(best, took);
    }
    return best;
  }

  /** After a collection, which the serial collector does at once. */
  private static long usedBytes() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private static double millisSince(long began) {
    return (System.nanoTime() - began) / 1e6;
  }

  /** For people. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(shuffle.name().toLowerCase(Locale.ROOT) + ": " + about);
    lines.add(
        String.format(
            Locale.ROOT,
            "  open %.0f ms, first step %.1f ms, seek %.2f ms, next use of a block %.2f us, %d MiB"
                + " of heap held",
            openMillis,
            firstMillis,
            seekMillis,
            nextUseMicros,
            heldBytes >> 20));
    for (Rank rank : ranks) {
      lines.add(
          String.format(
              Locale.ROOT,
              "  %,d rows a step: %.1f ns and %.3f bytes of heap a row",
              rank.rows(),
              rank.nanosPerRow(),
              rank.heapBytesPerRow()));
    }
    return lines;
  }

  /** For machines. */
  public Map<String, Object> asMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("shuffle", shuffle.name().toLowerCase(Locale.ROOT));
    map.put("about", about);
    map.put("open_milliseconds", openMillis);
    map.put("first_step_milliseconds", firstMillis);
    map.put("heap_bytes_held", heldBytes);
    map.put("seek_milliseconds", seekMillis);
    map.put("next_use_microseconds", nextUseMicros);
    List<Map<String, Object>> each = new ArrayList<>();
    for (Rank rank : ranks) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("rows", rank.rows());
      one.put("nanoseconds_per_row", rank.nanosPerRow());
      one.put("heap_bytes_per_row", rank.heapBytesPerRow());
      each.add(one);
    }
    map.put("ranks", each);
    return map;
  }
}
