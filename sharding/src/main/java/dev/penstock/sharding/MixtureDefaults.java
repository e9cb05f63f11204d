package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;

/** The default parameters of a mixture, by the rules of one dataset applied to all together. */
final class MixtureDefaults {
  /** Working-set limits of the whole job, as for one dataset; sources share them by weight. */
  private static final double BYTES_OPEN = 2048.0 * (1 << 20);

  private static final double BYTES_CLOSED = 256.0 * (1 << 20);

  private MixtureDefaults() {}

  static Mixture of(
      List<MixtureSource> sources, Shuffle shuffle, UsedUp usedUp, long seed, int globalBatch) {
    if (sources.isEmpty()) {
      throw new IllegalArgumentException("mixture of no sources: at least one is needed");
    }
    if (globalBatch < 1 || globalBatch > OrderSpec.GLOBAL_BATCH_MAX) {
      throw new IllegalArgumentException(
          "globalBatch: "
              + globalBatch
              + " is out of range, 1 to "
              + OrderSpec.GLOBAL_BATCH_MAX
              + " is allowed");
    }
    int lanes = shuffle == Shuffle.BLOCK ? lanes(sources, globalBatch) : 1;
    List<Double> weights = new ArrayList<>();
    for (MixtureSource source : sources) {
      weights.add(source.weight());
    }
    MixEntry entry = new MixEntry(0, MixPattern.cycle(weights, globalBatch, lanes), weights);
    List<SourceOrder> orders = new ArrayList<>();
    List<DatasetShape> shapes = new ArrayList<>();
    for (MixtureSource source : sources) {
      shapes.add(source.shape());
      orders.add(order(source, sources, shuffle, lanes));
    }
    return new Mixture(
        shuffle, usedUp, seed, globalBatch, lanes, orders, shapes, List.of(entry), 0);
  }

  /** Few enough that the smallest source has at least four samples for each. */
  private static int lanes(List<MixtureSource> sources, int globalBatch) {
    long all = 0;
    long least = Long.MAX_VALUE;
    boolean closed = false;
    for (MixtureSource source : sources) {
      all += source.shape().sampleCount();
      least = Math.min(least, source.shape().sampleCount());
      closed |= OrderDefaults.mostlyClosed(source.shape());
    }
    int lanes =
        closed
            ? OrderDefaults.closedLanes(globalBatch)
            : OrderDefaults.lanes(all, Math.max(1, least / 4), globalBatch);
    return lanes <= least ? lanes : 1;
  }

  private static SourceOrder order(
      MixtureSource source, List<MixtureSource> sources, Shuffle shuffle, int lanes) {
    DatasetShape shape = source.shape();
    if (shuffle != Shuffle.BLOCK) {
      return new SourceOrder(source.name(), shape.fingerprint(), source.epochs(), 1, 1, 1);
    }
    double weights = 0;
    double bytes = 0;
    boolean closed = false;
    for (MixtureSource one : sources) {
      weights += one.weight();
      bytes += one.weight() * Math.max(1, one.shape().meanSampleBytes());
      closed |= OrderDefaults.mostlyClosed(one.shape());
    }
    double rows =
        Math.min(
            closed ? 1 << 14 : 1 << 16, (closed ? BYTES_CLOSED : BYTES_OPEN) * weights / bytes);
    int window = OrderDefaults.window(lanes, rows * source.weight() / weights);
    int extent = OrderDefaults.extentSamples(shape);
    int groups = OrderDefaults.groups(shape, lanes, extent);
    return new SourceOrder(
        source.name(), shape.fingerprint(), source.epochs(), window, groups, extent);
  }
}
