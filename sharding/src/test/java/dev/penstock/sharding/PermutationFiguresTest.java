package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/**
 * What the permutation of the global order costs by itself. Prints a figure; time decides nothing.
 * What whole orders cost: {@code penstock bench order}.
 */
class PermutationFiguresTest {
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
    System.out.printf("global permutation alone: %.1f ns an index%n", best);
    assertTrue(sum > 0); // and nothing of it was left out
  }
}
