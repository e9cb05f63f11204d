package dev.penstock.sharding;

/** Stored order: index and sample are the same number. */
final class StoredOrder extends Order {
  private final DatasetShape shape;

  StoredOrder(DatasetShape shape) {
    this.shape = shape;
  }

  @Override
  long samples(long epoch) {
    return shape.sampleCount();
  }

  @Override
  long sampleAt(long epoch, long index) {
    return index;
  }

  @Override
  long indexOf(long epoch, long sample) {
    return sample;
  }

  @Override
  long nextIndex(long epoch, long from, long to, long above) {
    long next = Math.max(from, above + 1);
    return next < to ? next : -1;
  }

  @Override
  double decodeWaste() {
    return 1;
  }

  @Override
  Locator locator() {
    return (epoch, index, stride, count, out, row) -> {
      long sample = index;
      for (int i = 0; i < count; i++) {
        out.locate(row + i, shape, sample);
        sample += stride;
      }
    };
  }
}
