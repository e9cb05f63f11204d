package dev.penstock.bridge;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One page-aligned stretch of native memory, zeroed, counted in a {@link ByteBudget}. Owned by
 * whoever opened it; no access may follow {@link #close}.
 */
public final class NativeRegion implements AutoCloseable {
  static final int PAGE_BYTES = 4096;

  private final Arena arena;
  private final MemorySegment segment;
  private final ByteBudget.Reservation reservation;

  private NativeRegion(Arena arena, MemorySegment segment, ByteBudget.Reservation reservation) {
    this.arena = arena;
    this.segment = segment;
    this.reservation = reservation;
  }

  /**
   * Allocates {@code bytes} for {@code purpose}.
   *
   * @throws BudgetExceededException if they do not fit the budget
   */
  public static NativeRegion open(ByteBudget budget, String purpose, long bytes) {
    ByteBudget.Reservation reservation = budget.reserve(purpose, bytes);
    Arena arena = Arena.ofShared();
    try {
      return new NativeRegion(arena, arena.allocate(bytes, PAGE_BYTES), reservation);
    } catch (OutOfMemoryError e) {
      arena.close();
      reservation.close();
      throw e;
    }
  }

  /** The memory. */
  public MemorySegment segment() {
    return segment;
  }

  /**
   * Frees the memory.
   *
   * @throws IllegalStateException if it was closed already
   */
  @Override
  public void close() {
    reservation.close();
    arena.close();
  }
}
