package dev.penstock.benchmarks.cache;

import dev.penstock.cache.NextUse;
import java.util.SplittableRandom;

/** Epochs over equal samples, one a block, in one order for all epochs or a new one for each. */
final class CacheTrace implements NextUse {
  private final int[][] order;
  private final int[][] place;
  private final int samples;
  private final int blockBytes;
  private volatile long position;

  /** {@code epochs} epochs, and one more that nobody reads but the plan knows. */
  CacheTrace(int samples, int epochs, int blockBytes, boolean reshuffled, long seed) {
    this.samples = samples;
    this.blockBytes = blockBytes;
    this.order = new int[epochs + 1][];
    this.place = new int[epochs + 1][samples];
    SplittableRandom random = new SplittableRandom(seed);
    int[] current = new int[samples];
    for (int i = 0; i < samples; i++) {
      current[i] = i;
    }
    shuffle(current, random);
    for (int epoch = 0; epoch <= epochs; epoch++) {
      order[epoch] = current.clone();
      for (int i = 0; i < samples; i++) {
        place[epoch][current[i]] = i;
      }
      if (reshuffled) {
        shuffle(current, random);
      }
    }
  }

  private static void shuffle(int[] values, SplittableRandom random) {
    for (int i = values.length - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int kept = values[i];
      values[i] = values[other];
      values[other] = kept;
    }
  }

  /** Moves to a position and returns the sample that is read there. */
  int at(int epoch, int index) {
    position = (long) epoch * samples + index;
    return order[epoch][index];
  }

  /** The sample at a place, without moving there. */
  int sample(int epoch, int index) {
    return order[epoch][index];
  }

  @Override
  public long after(int shard, long offset, long length) {
    int sample = (int) (offset / blockBytes);
    int epoch = (int) (position / samples);
    if (place[epoch][sample] > position % samples) {
      return (long) epoch * samples + place[epoch][sample];
    }
    return epoch + 1 == order.length ? NEVER : (epoch + 1L) * samples + place[epoch + 1][sample];
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public long epochLength() {
    return samples;
  }
}
