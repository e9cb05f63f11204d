package dev.penstock.sharding;

/** Another order from one epoch on: of the same shards and more behind them. */
final class GrownOrder extends Order {
  private final DatasetShape earlierShape;
  private final Order earlier;
  private final Order later;
  private final long growsAt;

  GrownOrder(DatasetShape earlierShape, Order earlier, Order later, long growsAt) {
    this.earlierShape = earlierShape;
    this.earlier = earlier;
    this.later = later;
    this.growsAt = growsAt;
  }

  private Order at(long epoch) {
    return epoch < growsAt ? earlier : later;
  }

  @Override
  long samples(long epoch) {
    return at(epoch).samples(epoch);
  }

  @Override
  long windowSize(long epoch, long index) {
    return at(epoch).windowSize(epoch, index);
  }

  @Override
  long substitute(long epoch, long index, int distance) {
    return at(epoch).substitute(epoch, index, distance);
  }

  @Override
  long sampleAt(long epoch, long index) {
    return at(epoch).sampleAt(epoch, index);
  }

  @Override
  long indexOf(long epoch, long sample) {
    return at(epoch).indexOf(epoch, sample);
  }

  @Override
  long nextIndex(long epoch, long from, long to, long above) {
    long end = epoch < growsAt ? Math.min(to, earlierShape.sampleCount()) : to;
    return from < end ? at(epoch).nextIndex(epoch, from, end, above) : -1;
  }

  @Override
  double decodeWaste() {
    return later.decodeWaste();
  }

  @Override
  Locator locator() {
    Locator before = earlier.locator();
    Locator after = later.locator();
    return (epoch, index, stride, count, out, row) ->
        (epoch < growsAt ? before : after).locate(epoch, index, stride, count, out, row);
  }
}
