package dev.penstock.sharding;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Permuted extents dealt over lanes, permuted within windows. Holds the tables of a few epochs and
 * the last window asked for in each lane; both are caches of pure functions, so racing writers only
 * repeat work.
 */
final class BlockOrder extends Order {
  /** A session's consumer, its look-ahead and the epoch after that are never more than three. */
  private static final int TABLES = 4;

  private final DatasetShape shape;
  private final OrderSpec spec;
  private final long seed;
  private final Lanes lanes;
  private final Extents extents;
  private final AtomicReferenceArray<@Nullable EpochTable> tables =
      new AtomicReferenceArray<>(TABLES);
  private final AtomicReferenceArray<@Nullable Window> windows;

  BlockOrder(DatasetShape shape, OrderSpec spec) {
    this.shape = shape;
    this.spec = spec;
    this.seed = spec.seed();
    this.lanes = new Lanes(shape.sampleCount(), spec);
    this.extents = new Extents(shape, spec, lanes);
    this.windows = new AtomicReferenceArray<>(lanes.count);
  }

  Extents extents() {
    return extents;
  }

  /** The table of an epoch, made when first asked for. */
  EpochTable table(long epoch) {
    EpochTable table = cached(epoch);
    return table != null ? table : makeTable(epoch);
  }

  private @Nullable EpochTable cached(long epoch) {
    EpochTable table = tables.get((int) (epoch % TABLES));
    return table != null && table.epoch() == epoch ? table : null;
  }

  private synchronized EpochTable makeTable(long epoch) {
    EpochTable table = cached(epoch);
    if (table == null) {
      table = new EpochTable(extents, seed, epoch);
      tables.set((int) (epoch % TABLES), table);
    }
    return table;
  }

  @Override
  long samples(long epoch) {
    return shape.sampleCount();
  }

  @Override
  long sampleAt(long epoch, long index) {
    long place = placeOf(epoch, index);
    EpochTable table = table(epoch);
    int position = table.positionAt(place);
    return extents.first(table.extentAt(position)) + (place - table.placesBefore(position));
  }

  @Override
  long indexOf(long epoch, long sample) {
    int extent = extents.extentOf(sample);
    EpochTable table = table(epoch);
    long place = table.placesBefore(table.positionOf(extent)) + (sample - extents.first(extent));
    int lane = lanes.laneAt(place);
    long item = place - lanes.start(lane);
    Window window = window(epoch, lane, lanes.windowOf(lane, item));
    return (window.start + window.indexOf((int) (item - window.start))) * lanes.count + lane;
  }

  private long placeOf(long epoch, long index) {
    int lane = lanes.laneOf(index);
    long item = index / lanes.count;
    Window window = window(epoch, lane, lanes.windowOf(lane, item));
    return lanes.start(lane) + window.start + window.table[(int) (item - window.start)];
  }

  @Override
  long nextIndex(long epoch, long from, long to, long above) {
    EpochTable table = table(epoch);
    long best = -1;
    long sample = from;
    while (sample < to) {
      int extent = extents.extentOf(sample);
      long place = table.placesBefore(table.positionOf(extent)) + (sample - extents.first(extent));
      long run = Math.min(to - sample, extents.first(extent) + extents.length(extent) - sample);
      best = sooner(best, nextInPlaces(epoch, place, place + run, above));
      sample += run;
    }
    return best;
  }

  /** As {@link #nextIndex}, over neighbouring places of the epoch's sequence. */
  private long nextInPlaces(long epoch, long from, long to, long above) {
    long best = -1;
    long place = from;
    while (place < to) {
      int lane = lanes.laneAt(place);
      long laneStart = lanes.start(lane);
      long end = Math.min(to, lanes.start(lane + 1));
      best = sooner(best, nextInLane(epoch, lane, place - laneStart, end - laneStart, above));
      place = end;
    }
    return best;
  }

  /** Windows rise with the index, so the first one with a hit holds the soonest. */
  private long nextInLane(long epoch, int lane, long from, long to, long above) {
    long place = from;
    while (place < to) {
      long number = lanes.windowOf(lane, place);
      long end = lanes.windowEnd(lane, number);
      if ((end - 1) * lanes.count + lane > above) {
        Window window = window(epoch, lane, number);
        int low = (int) (place - window.start);
        int high = (int) (Math.min(to, end) - window.start);
        long item = window.firstHit(low, high, itemAbove(lane, above) - window.start);
        if (item >= 0) {
          return (window.start + item) * lanes.count + lane;
        }
      }
      place = end;
    }
    return -1;
  }

  /** The first item of a lane whose index is above a bound. */
  private long itemAbove(int lane, long above) {
    return above < lane ? 0 : (above - lane) / lanes.count + 1;
  }

  private static long sooner(long a, long b) {
    return a < 0 || (b >= 0 && b < a) ? b : a;
  }

  private Window window(long epoch, int lane, long number) {
    Window window = windows.get(lane);
    if (window == null || window.epoch != epoch || window.number != number) {
      window = new Window(lanes, seed, epoch, lane, number);
      windows.set(lane, window);
    }
    return window;
  }

  @Override
  long windowSize(long epoch, long index) {
    int lane = lanes.laneOf(index);
    long number = lanes.windowOf(lane, index / lanes.count);
    return lanes.windowEnd(lane, number) - lanes.windowStart(lane, number);
  }

  @Override
  long substitute(long epoch, long index, int distance) {
    int lane = lanes.laneOf(index);
    long item = index / lanes.count;
    long start = lanes.windowStart(lane, lanes.windowOf(lane, item));
    long moved = start + (item - start + distance) % windowSize(epoch, index);
    return moved * lanes.count + lane;
  }

  @Override
  double decodeWaste() {
    return DecodeWaste.ofBlocks(shape, spec, extents);
  }

  @Override
  Locator locator() {
    return new BlockLocator(shape, this, lanes, seed);
  }

  /** The permutation of one window of a lane. Immutable. */
  private static final class Window {
    final long epoch;
    final long number;
    final long start;
    final int[] table;

    Window(Lanes lanes, long seed, long epoch, int lane, long number) {
      this.epoch = epoch;
      this.number = number;
      this.start = lanes.windowStart(lane, number);
      this.table = new int[(int) (lanes.windowEnd(lane, number) - start)];
      Keyed.permutation(table, table.length, Keyed.key(seed, Keyed.WINDOW, epoch, lane, number));
    }

    /** The inverse, by search: windows are small and questions rare. */
    int indexOf(int value) {
      for (int i = 0; i < table.length; i++) {
        if (table[i] == value) {
          return i;
        }
      }
      throw new IllegalArgumentException(value + " is not below " + table.length);
    }

    /** The first item from a start on whose value is in a range; -1 if there is none. */
    int firstHit(int low, int high, long from) {
      for (int i = (int) Math.max(0, from); i < table.length; i++) {
        if (table[i] >= low && table[i] < high) {
          return i;
        }
      }
      return -1;
    }
  }
}
