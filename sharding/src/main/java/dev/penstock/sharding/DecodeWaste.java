package dev.penstock.sharding;

/**
 * How much more than the needed bytes an epoch decodes because closed shards are entered in the
 * middle: whoever starts at depth {@code t} of such a shard decodes the {@code t} before it first.
 */
final class DecodeWaste {
  private DecodeWaste() {}

  /**
   * Expected decoded bytes by needed bytes of a block order. An extent that a group's border cut
   * off costs what lies before it, once; each lane but the first starts somewhere in the sequence,
   * on average in the middle of an extent.
   */
  static double ofBlocks(DatasetShape shape, OrderSpec spec, Extents extents) {
    double samples = shape.sampleCount();
    double wasted = 0;
    for (int extent = 0; extent < extents.count(); extent++) {
      int shard = extents.shard(extent);
      if (shape.closed(shard)) {
        double before = extents.first(extent) - shape.firstSample(shard);
        double length = extents.length(extent);
        double starts = (spec.lanes() - 1) * length / samples;
        wasted += (before + starts * (before + length / 2)) * sampleBytes(shape, shard);
      }
    }
    return ratio(shape, wasted);
  }

  /** Expected decoded bytes by needed bytes when every sample is read by itself. */
  static double ofSingleReads(DatasetShape shape) {
    double wasted = 0;
    for (int shard = 0; shard < shape.shardCount(); shard++) {
      if (shape.closed(shard)) {
        double length = shape.samplesIn(shard);
        wasted += length * ((length - 1) / 2) * sampleBytes(shape, shard);
      }
    }
    return ratio(shape, wasted);
  }

  private static double sampleBytes(DatasetShape shape, int shard) {
    return (double) shape.bytes(shard) / Math.max(1, shape.samplesIn(shard));
  }

  private static double ratio(DatasetShape shape, double wasted) {
    return shape.totalBytes() == 0 ? 1 : 1 + wasted / shape.totalBytes();
  }
}
