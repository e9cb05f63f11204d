package dev.penstock.loader;

import dev.penstock.cache.NextUse;
import java.util.Arrays;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How quickly a session goes through its steps, and so how long it can do without the bytes of a
 * later one: by the mean of the last intervals between the moments at which the gather turned to a
 * step and had a slot for it. The longest ones are left out, so that a pause of the trainer, or the
 * very stall that slack is to save from, does not make the steps behind it look far away.
 *
 * <p>One thread at a time says where the gather is; any may ask.
 */
final class StepPace {
  private static final int KEPT = 32;
  private static final int LONGEST_LEFT_OUT = 2;

  /** Intervals from which on a mean says something. */
  private static final int ENOUGH = 8;

  /** Where the gather is, since when, and how long a step takes; -1 while that is not known. */
  private record Now(long step, long nanos, long stepNanos) {}

  private final LongSupplier clock;
  private final long[] intervals = new long[KEPT];
  private long count;
  private volatile @Nullable Now now;

  /** {@code clock} gives nanoseconds, as {@link System#nanoTime}. */
  StepPace(LongSupplier clock) {
    this.clock = clock;
  }

  /** The gather begins with a step of the session, which are numbered from 0 without a gap. */
  void began(long step) {
    long time = clock.getAsLong();
    Now before = now;
    if (before != null) {
      intervals[(int) (count++ % KEPT)] = time - before.nanos;
    }
    now = new Now(step, time, count < ENOUGH ? -1 : typical());
  }

  private long typical() {
    int known = (int) Math.min(count, KEPT);
    long[] sorted = Arrays.copyOf(intervals, known);
    Arrays.sort(sorted);
    int used = known - LONGEST_LEFT_OUT;
    long sum = 0;
    for (int i = 0; i < used; i++) {
      sum += sorted[i];
    }
    return sum / used;
  }

  /** Nanoseconds until the gather begins with a step; see {@link NextUse#slackNanos}. */
  long slackNanos(long step) {
    Now at = now;
    if (at == null) {
      return NextUse.UNKNOWN;
    }
    if (step <= at.step) {
      return 0;
    }
    if (at.stepNanos < 0) {
      return NextUse.UNKNOWN;
    }
    return Math.max(0, (step - at.step) * at.stepNanos - (clock.getAsLong() - at.nanos));
  }
}
