package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;

/** Reads made-up shards for an {@link ArrivalWalk}, as a reader of real ones would. */
final class ArrivingShards {
  private final ArrivalOrder order;
  private final int[][] sizes;
  private final ArrivalWalk walk;
  private final List<List<Integer>> windows = new ArrayList<>();

  /** Bytes of the largest window so far that had more than one sample. */
  private long largest;

  record Row(long pass, int shard, int ordinal) {}

  private ArrivingShards(ArrivalOrder order, int[][] sizes, ArrivalCursor at) {
    this.order = order;
    this.sizes = sizes;
    this.walk = new ArrivalWalk(order, at);
    for (int lane = 0; lane < order.spec().lanes(); lane++) {
      windows.add(List.of());
    }
  }

  /** Shards of so many samples, whose sizes are those of {@code order.py}. */
  static ArrivingShards of(ArrivalOrder order, int[] counts, ArrivalCursor at) {
    int[][] sizes = new int[counts.length][];
    for (int shard = 0; shard < counts.length; shard++) {
      sizes[shard] = new int[counts[shard]];
      for (int sample = 0; sample < counts[shard]; sample++) {
        sizes[shard][sample] = 1 + (7 * shard + 3 * sample) % 11;
      }
    }
    return new ArrivingShards(order, sizes, at);
  }

  /** The next row; there is one. */
  Row next() {
    int lane = walk.turn();
    while (!walk.hasWindow(lane)) {
      read(lane);
      lane = walk.turn();
    }
    long pass = walk.pass();
    int shard = walk.shard(lane);
    return new Row(pass, shard, windows.get(lane).get(walk.take()));
  }

  private void read(int lane) {
    int shard = walk.shard(lane);
    walk.opened(lane, "object " + shard);
    int ordinal = walk.ordinal(lane);
    long start = walk.offset(lane);
    long end = start;
    List<Integer> own = new ArrayList<>();
    while (ordinal < sizes[shard].length) {
      boolean mine = ordinal % order.parts() == order.part();
      boolean full = mine && own.size() == walk.samplesMax(lane);
      if (!own.isEmpty() && (full || end + sizes[shard][ordinal] - start > walk.bytesMax(lane))) {
        break;
      }
      if (mine) {
        own.add(ordinal);
      }
      end += sizes[shard][ordinal];
      ordinal++;
    }
    if (own.isEmpty()) {
      walk.ended(lane);
      return;
    }
    largest = own.size() == 1 ? largest : Math.max(largest, end - start);
    windows.set(lane, own);
    walk.window(lane, own.size(), end, ordinal);
  }

  ArrivalWalk walk() {
    return walk;
  }

  long largestWindowBytes() {
    return largest;
  }
}
