package dev.penstock.sharding;

import org.jspecify.annotations.Nullable;

/** A keyed permutation of the whole epoch. */
final class GlobalOrder extends Order {
  private final DatasetShape shape;
  private final long seed;
  private final PlaceTable places;

  /** The keys of the epoch last asked for; a cache of a pure function. */
  private volatile @Nullable GlobalPermutation last;

  GlobalOrder(DatasetShape shape, long seed) {
    this.shape = shape;
    this.seed = seed;
    this.places = new PlaceTable(shape);
  }

  @Override
  long samples(long epoch) {
    return shape.sampleCount();
  }

  @Override
  long sampleAt(long epoch, long index) {
    return permutation(epoch).apply(index);
  }

  @Override
  long indexOf(long epoch, long sample) {
    return permutation(epoch).invert(sample);
  }

  @Override
  long nextIndex(long epoch, long from, long to, long above) {
    GlobalPermutation permutation = permutation(epoch);
    long best = -1;
    for (long sample = from; sample < to; sample++) {
      long index = permutation.invert(sample);
      if (index > above && (best < 0 || index < best)) {
        best = index;
      }
    }
    return best;
  }

  @Override
  double decodeWaste() {
    return DecodeWaste.ofSingleReads(shape);
  }

  @Override
  Locator locator() {
    return new GlobalLocator();
  }

  private GlobalPermutation permutation(long epoch) {
    GlobalPermutation held = last;
    if (held == null || held.epoch() != epoch) {
      held = new GlobalPermutation(shape.sampleCount(), seed, epoch);
      last = held;
    }
    return held;
  }

  private final class GlobalLocator implements Locator {
    private final GlobalPermutation.Scratch scratch = new GlobalPermutation.Scratch();
    private final long[] images = new long[GlobalPermutation.batch()];
    private final int[] shards = new int[GlobalPermutation.batch()];
    private final int[] numbers = new int[GlobalPermutation.batch()];
    private @Nullable GlobalPermutation permutation;

    @Override
    public void locate(long epoch, long index, int stride, int count, StepSamples out, int row) {
      GlobalPermutation held = permutation;
      if (held == null || held.epoch() != epoch) {
        held = permutation(epoch);
        permutation = held;
      }
      for (int done = 0; done < count; done += images.length) {
        int some = Math.min(images.length, count - done);
        held.applyBatch(index + done, some, images, scratch);
        places.places(images, some, shards, numbers);
        for (int i = 0; i < some; i++) {
          int ordinal = shape.storedOrdinal(shards[i], numbers[i]);
          out.locate(row + done + i, images[i], shards[i], ordinal);
        }
      }
    }
  }
}
