package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A mixture's whole course: its entries, those that the ends of finite sources add, and where the
 * run ends. Immutable.
 */
final class MixSchedule {
  private final Mixture mixture;
  private final long[] itemsPerLane;
  private final List<MixStretch> stretches = new ArrayList<>();
  private final List<List<MixEntry>> histories = new ArrayList<>();
  private long end = Long.MAX_VALUE;

  MixSchedule(Mixture mixture, long[] samplesPerLane) {
    this.mixture = mixture;
    this.itemsPerLane = new long[samplesPerLane.length];
    for (int d = 0; d < itemsPerLane.length; d++) {
      long epochs = mixture.sources().get(d).epochs();
      itemsPerLane[d] =
          epochs == 0 ? Long.MAX_VALUE : Math.multiplyExact(epochs, samplesPerLane[d]);
    }
    List<MixEntry> entries = mixture.schedule();
    for (int i = 0; i < entries.size() && entries.get(i).position() < end; i++) {
      long next = i + 1 < entries.size() ? entries.get(i + 1).position() : Long.MAX_VALUE;
      add(entries.get(i));
      if (next > mixture.settled()) {
        useUp(next);
      }
    }
    List<MixEntry> history = new ArrayList<>();
    for (MixStretch stretch : stretches) {
      history.add(stretch.entry());
      histories.add(List.copyOf(history));
    }
  }

  /** The position of the first row that is not read any more. */
  long end() {
    return end;
  }

  /** The number of the stretch that holds a position. */
  int stretchAt(long position) {
    int low = 0;
    int high = stretches.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (stretches.get(middle).position() <= position) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  MixStretch stretch(int number) {
    return stretches.get(number);
  }

  /** The position behind a stretch. */
  long stretchEnd(int number) {
    return number + 1 < stretches.size() ? stretches.get(number + 1).position() : Long.MAX_VALUE;
  }

  /** The entries up to a position, as its cursor keeps them. */
  List<MixEntry> history(long position) {
    return histories.get(stretchAt(position));
  }

  private void add(MixEntry entry) {
    MixStretch before = stretches.isEmpty() ? null : stretches.get(stretches.size() - 1);
    stretches.add(new MixStretch(entry, mixture.lanes(), mixture.sources().size(), before));
  }

  /** Follows the last stretch to the next entry and ends or changes it where a source runs out. */
  private void useUp(long next) {
    while (true) {
      MixStretch last = stretches.get(stretches.size() - 1);
      long anchor = Math.max(last.position(), mixture.settled());
      long beyond = firstBeyond(last);
      if (beyond == Long.MAX_VALUE) {
        return;
      }
      long batch = mixture.globalBatch();
      long step = anchor + (beyond - anchor) / batch * batch;
      if (step >= next) {
        return;
      }
      MixEntry handed = mixture.usedUp() == UsedUp.STOP ? null : without(last, step, step + batch);
      if (handed == null) {
        end = step;
        return;
      }
      if (step == last.position()) {
        stretches.remove(stretches.size() - 1);
      }
      add(handed);
    }
  }

  private long firstBeyond(MixStretch stretch) {
    long first = Long.MAX_VALUE;
    for (int d = 0; d < itemsPerLane.length; d++) {
      if (itemsPerLane[d] != Long.MAX_VALUE) {
        first = Math.min(first, stretch.firstBeyond(d, itemsPerLane[d]));
      }
    }
    return first;
  }

  /** The entry without the sources that run out before a bound; null if none is left. */
  private @Nullable MixEntry without(MixStretch stretch, long position, long bound) {
    MixEntry entry = stretch.entry();
    List<Integer> usedUp = new ArrayList<>();
    boolean any = false;
    for (int d = 0; d < itemsPerLane.length; d++) {
      boolean out =
          itemsPerLane[d] != Long.MAX_VALUE && stretch.firstBeyond(d, itemsPerLane[d]) < bound;
      if (out || entry.usedUp().contains(d)) {
        usedUp.add(d);
      } else {
        any |= entry.weights().get(d) > 0;
      }
    }
    if (!any) {
      return null;
    }
    List<Double> shares = MixEntry.shares(entry.weights(), usedUp);
    int cycle = MixPattern.cycle(shares, mixture.globalBatch(), mixture.lanes());
    return new MixEntry(position, cycle, entry.weights(), usedUp);
  }
}
