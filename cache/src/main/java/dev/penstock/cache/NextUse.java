package dev.penstock.cache;

import dev.penstock.cache.origin.RangeRead;

/**
 * What a reader's plan says of the future. Declared here, implemented by the loader from the plan,
 * asked when a block becomes evictable. Must be pure, quick (microseconds) and thread-safe; it is
 * asked under the cache's lock and must not call the cache.
 */
@FunctionalInterface
public interface NextUse {
  /** Answer of {@link #after} for bytes that no plan will need again. */
  long NEVER = Long.MAX_VALUE;

  /** Answer of {@link #slackNanos} where nobody can tell. */
  long UNKNOWN = RangeRead.Sink.UNKNOWN;

  /**
   * The position in the reader's plan (epoch · samples + index) at which a byte of {@code [offset,
   * offset + length)} of the shard is needed next, strictly after the reader's present position;
   * {@link #NEVER} if not. Offsets are in decoded bytes.
   */
  long after(int shard, long offset, long length);

  /** The reader's present position in its plan: how far it has requested. */
  default long position() {
    return 0;
  }

  /**
   * Positions in one epoch, 0 if the order has none. With it the cache tells a use later in this
   * epoch (keep the nearest) from one in the next (keep an even sample of the order, so that the
   * next epoch's hits do not all fall at its start).
   */
  default long epochLength() {
    return 0;
  }

  /** The step that the reader requests bytes for now, for {@link #slackNanos}. */
  default long step() {
    return 0;
  }

  /**
   * Nanoseconds until the reader is likely to need what it requested for {@code step}: 0 if it does
   * already, {@link #UNKNOWN} if that cannot be told. Asked at any time, from any thread, also
   * under the cache's locks; changes with the reader's pace.
   */
  default long slackNanos(long step) {
    return UNKNOWN;
  }
}
