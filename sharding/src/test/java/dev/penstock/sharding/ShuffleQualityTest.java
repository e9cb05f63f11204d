package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Block and global order beside Fisher–Yates, by measures that a broken permutation fails at once.
 * Seeds are fixed, so that the figures never change; the bounds say what they are known to be.
 */
class ShuffleQualityTest {
  private static final int CELLS = 16;

  /** An order of {@code 0 .. n} for each epoch. */
  @FunctionalInterface
  private interface Shuffled {
    long at(long epoch, int index);
  }

  @Test
  void globalOrderLooksLikeFisherYates() {
    for (int n : new int[] {16, 37, 256, 1009}) {
      DatasetShape shape = Shapes.of(n);
      Plan plan = Plan.of(shape, OrderSpec.defaults(shape, Shuffle.GLOBAL, End.PAD, 11, 8));
      double ours = chiSquare(n, plan::sampleAt);
      double reference = chiSquare(n, fisherYates(n));
      double adjacent = adjacency(n, plan::sampleAt);
      double correlation = serialCorrelation(n, plan::sampleAt);
      System.out.printf(
          "global, n %d: chi-square %.0f (Fisher-Yates %.0f, %d degrees), neighbours kept %.2f of"
              + " 2 expected, serial correlation %.4f%n",
          n, ours, reference, (CELLS - 1) * (CELLS - 1), adjacent, correlation);
      assertTrue(ours < 330, () -> "chi-square " + ours); // 225 expected, deviation 21
      assertTrue(Math.abs(adjacent - 2) < 0.4, () -> "adjacency " + adjacent);
      assertTrue(Math.abs(correlation + 1.0 / n) < 0.02, () -> "correlation " + correlation);
    }
  }

  @Test
  void blockOrderMixesAsFarAsItsParametersReach() {
    int[] samples = new int[40];
    Arrays.fill(samples, 500);
    DatasetShape shape = Shapes.of(samples);
    int n = (int) shape.sampleCount();
    Plan plan = Plan.of(shape, OrderSpec.defaults(shape, Shuffle.BLOCK, End.PAD, 11, 128));
    double ours = chiSquare(n, plan::sampleAt);
    double adjacent = adjacency(n, plan::sampleAt);
    double moved = displacement(n, plan::sampleAt);
    System.out.printf(
        "block, %s%n  chi-square %.0f (%d degrees), neighbours kept %.2f of 2 expected, moved %.3f"
            + " of n (1/3 expected)%n",
        plan.describe(), ours, (CELLS - 1) * (CELLS - 1), adjacent, moved);
    assertTrue(adjacent < 4, () -> "adjacency " + adjacent);
    assertTrue(Math.abs(moved - 1.0 / 3) < 0.02, () -> "moved " + moved);
  }

  @Test
  void epochsAndSeedsGiveUnrelatedOrders() {
    DatasetShape shape = Shapes.of(400, 300, 500);
    int n = (int) shape.sampleCount();
    for (Shuffle shuffle : new Shuffle[] {Shuffle.BLOCK, Shuffle.GLOBAL}) {
      OrderSpec spec = OrderSpec.defaults(shape, shuffle, End.PAD, 1, 64);
      Plan plan = Plan.of(shape, spec);
      Plan other = Plan.of(shape, spec.withSeed(2));
      int sameEpoch = 0;
      int sameSeed = 0;
      for (int index = 0; index < n; index++) {
        sameEpoch += plan.sampleAt(0, index) == plan.sampleAt(1, index) ? 1 : 0;
        sameSeed += plan.sampleAt(0, index) == other.sampleAt(0, index) ? 1 : 0;
      }
      int epochs = sameEpoch;
      int seeds = sameSeed;
      // Sticky groups of 75 samples: 16 places of 1,200 agree by chance.
      assertTrue(epochs < 40 && seeds < 12, () -> epochs + " and " + seeds + " places are equal");
    }
  }

  /** Where samples of each part of the dataset land in the epoch, over enough epochs. */
  private static double chiSquare(int n, Shuffled order) {
    int epochs = Math.max(40, 200_000 / n);
    long[][] counts = new long[CELLS][CELLS];
    for (int epoch = 0; epoch < epochs; epoch++) {
      for (int index = 0; index < n; index++) {
        counts[cell(index, n)][cell(order.at(epoch, index), n)]++;
      }
    }
    double sum = 0;
    for (int a = 0; a < CELLS; a++) {
      for (int b = 0; b < CELLS; b++) {
        double expected = (double) size(a, n) * size(b, n) / n * epochs;
        sum += (counts[a][b] - expected) * (counts[a][b] - expected) / expected;
      }
    }
    // A permutation fills rows and columns exactly; n / (n - 1) is the variance's correction.
    return sum * (n - 1) / n;
  }

  /** Mean number of neighbours in the order that are neighbours in the dataset too. */
  private static double adjacency(int n, Shuffled order) {
    int epochs = Math.max(20, 100_000 / n);
    long kept = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
      for (int index = 1; index < n; index++) {
        kept += Math.abs(order.at(epoch, index) - order.at(epoch, index - 1)) == 1 ? 1 : 0;
      }
    }
    return (double) kept / epochs / (n - 1) * n;
  }

  /** Correlation of a sample's number with that of the one before it. */
  private static double serialCorrelation(int n, Shuffled order) {
    int epochs = Math.max(20, 400_000 / n);
    double mean = (n - 1) / 2.0;
    double product = 0;
    double square = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
      for (int index = 1; index < n; index++) {
        double here = order.at(epoch, index) - mean;
        product += here * (order.at(epoch, index - 1) - mean);
        square += here * here;
      }
    }
    return product / square;
  }

  private static double displacement(int n, Shuffled order) {
    double sum = 0;
    for (int epoch = 0; epoch < 20; epoch++) {
      for (int index = 0; index < n; index++) {
        sum += Math.abs(order.at(epoch, index) - index);
      }
    }
    return sum / 20 / n / n;
  }

  private static Shuffled fisherYates(int n) {
    int[] table = new int[n];
    long[] shuffledFor = {-1};
    return (epoch, index) -> {
      if (shuffledFor[0] != epoch) {
        shuffledFor[0] = epoch;
        SplittableRandom random = new SplittableRandom(epoch);
        for (int i = 0; i < n; i++) {
          int j = random.nextInt(i + 1);
          table[i] = table[j];
          table[j] = i;
        }
      }
      return table[index];
    };
  }

  private static int cell(long number, int n) {
    return (int) (number * CELLS / n);
  }

  private static int size(int cell, int n) {
    return Math.ceilDiv((cell + 1) * n, CELLS) - Math.ceilDiv(cell * n, CELLS);
  }
}
