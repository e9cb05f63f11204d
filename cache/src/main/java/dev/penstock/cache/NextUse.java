package dev.penstock.cache;

/**
 * What a reader's plan says of the future. Declared here, implemented by the loader from the plan,
 * asked when a block becomes evictable. Must be pure, quick (microseconds) and thread-safe.
 */
@FunctionalInterface
public interface NextUse {
  /** Answer of {@link #after} for bytes that no plan will need again. */
  long NEVER = Long.MAX_VALUE;

  /**
   * The position in the reader's plan (epoch · samples + index) at which a byte of {@code [offset,
   * offset + length)} of the shard is needed next, strictly after the reader's present position;
   * {@link #NEVER} if not.
   */
  long after(int shard, long offset, long length);
}
