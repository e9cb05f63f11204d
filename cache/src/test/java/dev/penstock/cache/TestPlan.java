package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** A plan over one shard, a sample a block: the order of each epoch, and its inverse. */
final class TestPlan implements NextUse {
  static final int BLOCK = 4096;
  static final int SAMPLES = 2000;
  static final int EPOCHS = 5;

  final int[][] order = new int[EPOCHS + 1][SAMPLES];
  final int[][] place = new int[EPOCHS + 1][SAMPLES];
  private final boolean tellsEpochs;
  volatile long position;

  TestPlan(boolean reshuffled, long seed, boolean tellsEpochs) {
    this.tellsEpochs = tellsEpochs;
    List<Integer> samples = new ArrayList<>();
    for (int i = 0; i < SAMPLES; i++) {
      samples.add(i);
    }
    Random random = new Random(seed);
    Collections.shuffle(samples, random);
    for (int epoch = 0; epoch <= EPOCHS; epoch++) {
      for (int i = 0; i < SAMPLES; i++) {
        order[epoch][i] = samples.get(i);
        place[epoch][samples.get(i)] = i;
      }
      if (reshuffled) {
        Collections.shuffle(samples, random);
      }
    }
  }

  /**
   * An epoch's hits, counted for each tenth of it: {@code least} in all, none far below the mean.
   */
  static void requireEvenHits(int[] tenths, double least, String all) {
    int sum = Arrays.stream(tenths).sum();
    assertTrue(sum >= least, "hits " + all);
    double mean = sum / 10.0;
    for (int tenth : tenths) {
      assertTrue(tenth >= mean - 4 * Math.sqrt(mean), "clustered " + all);
    }
  }

  @Override
  public long after(int shard, long offset, long length) {
    int sample = (int) (offset / BLOCK);
    int epoch = (int) (position / SAMPLES);
    if (place[epoch][sample] > position % SAMPLES) {
      return (long) epoch * SAMPLES + place[epoch][sample];
    }
    return epoch == EPOCHS ? NEVER : (epoch + 1L) * SAMPLES + place[epoch + 1][sample];
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public long epochLength() {
    return tellsEpochs ? SAMPLES : 0;
  }
}
