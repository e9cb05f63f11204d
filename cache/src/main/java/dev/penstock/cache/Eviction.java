package dev.penstock.cache;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which unpinned block goes next: a heap with the least useful block on top. Guarded by the lock of
 * {@link RamTier}.
 *
 * <p>In the order in which they go: blocks that no plan needs again; blocks without any plan, least
 * recently used first; blocks needed only in a later epoch; blocks needed in this epoch, furthest
 * first. Blocks of a later epoch go by a hash of their key. Any choice among them gives the same
 * number of hits, as each is used once an epoch, but "furthest first" would keep those at the
 * epoch's start and leave one long burst of misses behind them; the hash keeps the same even sample
 * of the order in every epoch.
 */
final class Eviction {
  private static final long CLASS_UNIT = 1L << 60;
  private static final long VALUE_MASK = CLASS_UNIT - 1;
  private static final long NEVER_AGAIN = 3 * CLASS_UNIT;
  private static final long PLANLESS = 2 * CLASS_UNIT;
  private static final long LATER_EPOCH = CLASS_UNIT;

  private final List<Reader> readers;
  private Block[] heap = new Block[64];
  private int size;
  private long clock;
  private int plannedReaders;
  private long epochsSeen = -1;

  /** {@code readers}: the open sessions, a live list guarded by the same lock. */
  Eviction(List<Reader> readers) {
    this.readers = readers;
  }

  /** A block without pins became evictable. */
  void add(Block block) {
    block.score = score(block);
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, size * 2);
    }
    block.queueIndex = size;
    heap[size++] = block;
    siftUp(block.queueIndex);
  }

  /** The block was pinned or dropped. */
  void remove(Block block) {
    int hole = block.queueIndex;
    if (hole == Block.NOT_QUEUED) {
      return;
    }
    block.queueIndex = Block.NOT_QUEUED;
    Block last = heap[--size];
    if (last != block) {
      heap[hole] = last;
      last.queueIndex = hole;
      siftUp(hole);
      siftDown(last.queueIndex);
    }
  }

  /** Takes the least useful block out, if there is any. */
  @Nullable Block poll() {
    if (size == 0) {
      return null;
    }
    if (readersChanged()) {
      rescore();
    }
    Block victim = heap[0];
    remove(victim);
    return victim;
  }

  int size() {
    return size;
  }

  /** Whether some plan needs the block again before its epoch ends. */
  boolean isNeededSoon(Block block) {
    return score(block) < LATER_EPOCH;
  }

  /**
   * Whether a decoded block that nobody has asked for is worth a place: some plan needs it soon,
   * and a place is free or held by something that is needed later.
   */
  boolean wouldKeep(CachedObject object, long number, boolean placeIsFree) {
    long length = object.blockBytes();
    long score = score(object, true, number, number * length, length);
    return score < LATER_EPOCH && (placeIsFree || (size > 0 && heap[0].score > score));
  }

  /** Every score may have changed: a session came or went, or a plan entered another epoch. */
  void rescore() {
    for (int i = 0; i < size; i++) {
      long score = score(heap[i]);
      if (!isPlanless(score) || !isPlanless(heap[i].score)) {
        heap[i].score = score;
      }
    }
    for (int i = size / 2 - 1; i >= 0; i--) {
      siftDown(i);
    }
  }

  private static boolean isPlanless(long score) {
    return score >= PLANLESS && score < NEVER_AGAIN;
  }

  private long score(Block block) {
    long length = block.object.blockBytes();
    return score(block.object, block.decoded, block.number, block.number * length, length);
  }

  private long score(CachedObject object, boolean decoded, long number, long offset, long length) {
    long nearest = Long.MAX_VALUE;
    boolean planned = false;
    boolean later = false;
    for (CachedObject.Plan plan = object.plans(); plan != null; plan = plan.next()) {
      planned = true;
      Reader reader = plan.reader();
      long use = reader.after(plan.shard(), offset, length);
      if (use == NextUse.NEVER) {
        continue;
      }
      if (reader.isLaterEpoch(use)) {
        later = true;
      } else {
        nearest = Math.min(nearest, plannedReaders > 1 ? reader.distance(use) : use);
      }
    }
    if (nearest != Long.MAX_VALUE) {
      return Math.clamp(nearest, 0, VALUE_MASK);
    }
    if (later) {
      return LATER_EPOCH + (object.sample(decoded, number) & VALUE_MASK);
    }
    return planned ? NEVER_AGAIN : PLANLESS + VALUE_MASK - clock++;
  }

  /**
   * How well a block is placed on an SSD, which outlives plans: the lower, the longer it stays. By
   * next use if that is in this epoch; else, if a session with a plan has the object open, whether
   * or not that plan comes back to it, by its place in {@code band} of the even sample; last what
   * no plan knows, by {@code age}.
   */
  long standing(
      @Nullable CachedObject object, boolean decoded, long number, SampleBand band, int age) {
    boolean planned = false;
    if (object != null) {
      long length = object.blockBytes();
      long score = score(object, decoded, number, number * length, length);
      if (score < LATER_EPOCH) {
        return score;
      }
      for (CachedObject.Plan plan = object.plans(); plan != null; plan = plan.next()) {
        planned |= plan.reader().isPlanned();
      }
    }
    return planned && object != null
        ? LATER_EPOCH + band.place(object.sample(decoded, number) & VALUE_MASK)
        : PLANLESS + age;
  }

  /** Whether a standing is by the even sample, and outside of the band. */
  static boolean isOutside(long standing, SampleBand band) {
    return standing >= LATER_EPOCH && standing < PLANLESS && !band.contains(standing - LATER_EPOCH);
  }

  /** The standing behind which blocks are there only because there was room. */
  static long core(SampleBand band) {
    return LATER_EPOCH + band.core();
  }

  /** Whether a standing is that of a block which no plan knows. */
  static boolean isUnplanned(long standing) {
    return standing >= PLANLESS;
  }

  /** Whether a plan entered another epoch, or turned out to be one. */
  private boolean readersChanged() {
    long epochs = 0;
    int planned = 0;
    for (Reader reader : readers) {
      epochs = epochs * 31 + reader.epoch();
      planned += reader.isPlanned() ? 1 : 0;
    }
    boolean changed = epochs != epochsSeen || planned != plannedReaders;
    epochsSeen = epochs;
    plannedReaders = planned;
    return changed;
  }

  private void siftUp(int start) {
    int at = start;
    Block block = heap[at];
    while (at > 0) {
      int parent = (at - 1) / 2;
      if (heap[parent].score >= block.score) {
        break;
      }
      place(heap[parent], at);
      at = parent;
    }
    place(block, at);
  }

  private void siftDown(int start) {
    int at = start;
    Block block = heap[at];
    while (true) {
      int child = 2 * at + 1;
      if (child >= size) {
        break;
      }
      if (child + 1 < size && heap[child + 1].score > heap[child].score) {
        child++;
      }
      if (heap[child].score <= block.score) {
        break;
      }
      place(heap[child], at);
      at = child;
    }
    place(block, at);
  }

  private void place(Block block, int index) {
    heap[index] = block;
    block.queueIndex = index;
  }
}
