package dev.penstock.sharding;

/**
 * The arithmetic of lanes and windows: an epoch's sequence of {@code n} places is cut into {@code
 * L} equal lanes, a lane into windows of {@code k} items whose edges are staggered from lane to
 * lane so that they do not all turn at once. Fewer than {@code L} left-overs at the end belong to
 * no lane's stretch. Immutable.
 */
final class Lanes {
  final long samples;
  final int count;
  final int window;
  final int groups;

  /** Places of a lane, {@code b}. */
  final long perLane;

  /** Places in lanes; those from here on are left-overs. */
  final long laned;

  Lanes(long samples, OrderSpec spec) {
    this.samples = samples;
    this.count = spec.lanes();
    this.window = spec.window();
    this.groups = spec.groups();
    this.perLane = samples / count;
    this.laned = perLane * count;
  }

  /** The place behind a group's last; the last group holds the left-overs too. */
  long groupEnd(int group) {
    return group == groups - 1 ? samples : (group + 1L) * (count / groups) * perLane;
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
    return Math.min(perLane, (number + 1) * window - stagger(lane));
  }

  /** The largest window that occurs. */
  int windowMax() {
    return (int) Math.min(window, Math.max(1, perLane));
  }

  private long stagger(int lane) {
    return (long) lane * window / count;
  }
}
