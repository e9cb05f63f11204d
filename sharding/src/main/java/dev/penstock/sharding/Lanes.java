package dev.penstock.sharding;

/**
 * The arithmetic of lanes and windows: an epoch's sequence of {@code n} places is cut into {@code
 * L} lanes whose lengths differ by one at most, a lane into windows of {@code k} items whose edges
 * are staggered from lane to lane so that they do not all turn at once. Immutable.
 */
final class Lanes {
  final int count;
  final int window;
  final int groups;

  /** Places of a short lane, {@code b}. */
  private final long shortLane;

  /** The lanes before this one have a place more. */
  private final long longLanes;

  Lanes(long samples, OrderSpec spec) {
    this.count = spec.lanes();
    this.window = spec.window();
    this.groups = spec.groups();
    this.shortLane = samples / count;
    this.longLanes = samples % count;
  }

  /** The place behind a group's last. */
  long groupEnd(int group) {
    return start((group + 1) * (count / groups));
  }

  /** The first place of a lane; for the number of lanes, that of places. */
  long start(int lane) {
    return lane * shortLane + Math.min(lane, longLanes);
  }

  /** The lane that holds a place. */
  int laneAt(long place) {
    long inLong = longLanes * (shortLane + 1);
    return (int)
        (place < inLong ? place / (shortLane + 1) : longLanes + (place - inLong) / shortLane);
  }

  int laneOf(long index) {
    return (int) (index % count);
  }

  long windowOf(int lane, long item) {
    return (item + stagger(lane)) / window;
  }

  /** The first item of a window. */
  long windowStart(int lane, long number) {
    return Math.max(0, number * window - stagger(lane));
  }

  /** The item behind the last of a window. */
  long windowEnd(int lane, long number) {
    return Math.min(length(lane), (number + 1) * window - stagger(lane));
  }

  /** The largest window that occurs. */
  int windowMax() {
    return (int) Math.min(window, shortLane + 1);
  }

  private long length(int lane) {
    return lane < longLanes ? shortLane + 1 : shortLane;
  }

  private long stagger(int lane) {
    return (long) lane * window / count;
  }
}
