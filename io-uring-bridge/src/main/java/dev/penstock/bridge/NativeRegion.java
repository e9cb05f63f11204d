package dev.penstock.bridge;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One page-aligned stretch of native memory, zeroed, counted in a {@link ByteBudget}. Regions of 2
 * MiB and more are aligned to that and the kernel is advised to use huge pages, which cost a
 * five-hundredth of the page faults and make direct reads and streaming cheaper.
 *
 * <p>Owned by whoever opened it; no access may follow {@link #close}, and none is checked.
 */
public final class NativeRegion implements AutoCloseable {
  static final int PAGE_BYTES = 4096;
  static final int HUGE_PAGE_BYTES = 2 << 20;

  private final MemorySegment segment;
  private final ByteBudget.Reservation reservation;

  /** Where native calls are not possible, the JDK's own allocation; otherwise null. */
  private final @Nullable Arena arena;

  private NativeRegion(
      MemorySegment segment, ByteBudget.Reservation reservation, @Nullable Arena arena) {
    this.segment = segment;
    this.reservation = reservation;
    this.arena = arena;
  }

  /**
   * Allocates {@code bytes}, rounded up to whole pages, for {@code purpose}.
   *
   * @throws BudgetExceededException if they do not fit the budget
   * @throws OutOfMemoryError if they fit the budget and the system still refuses
   */
  public static NativeRegion open(ByteBudget budget, String purpose, long bytes) {
    if (bytes <= 0 || bytes > Long.MAX_VALUE / 2) {
      throw new IllegalArgumentException("%s: cannot allocate %d bytes".formatted(purpose, bytes));
    }
    long rounded = (bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
    ByteBudget.Reservation reservation = budget.reserve(purpose, rounded);
    try {
      if (Native.available()) {
        return new NativeRegion(map(purpose, rounded), reservation, null);
      }
      Arena arena = Arena.ofShared();
      return new NativeRegion(arena.allocate(rounded, PAGE_BYTES), reservation, arena);
    } catch (OutOfMemoryError e) {
      reservation.close();
      throw e;
    }
  }

  private static MemorySegment map(String purpose, long bytes) {
    boolean huge = bytes >= HUGE_PAGE_BYTES;
    long mapped = huge ? bytes + HUGE_PAGE_BYTES : bytes;
    int flags = MemoryCalls.MAP_PRIVATE | MemoryCalls.MAP_ANONYMOUS;
    long base = MemoryCalls.mmap(mapped, MemoryCalls.PROT_READ_WRITE, flags, -1, 0);
    if (base < 0) {
      throw new OutOfMemoryError(
          "%s: mmap of %d bytes failed with %s".formatted(purpose, mapped, Errno.name(base)));
    }
    if (!huge) {
      return Native.memory(base, bytes);
    }
    long aligned = (base + HUGE_PAGE_BYTES - 1) & -HUGE_PAGE_BYTES;
    unmapIfAny(base, aligned - base);
    unmapIfAny(aligned + bytes, base + mapped - (aligned + bytes));
    // Refused where the kernel has no transparent huge pages; then small pages serve.
    MemoryCalls.madvise(aligned, bytes, MemoryCalls.MADV_HUGEPAGE);
    return Native.memory(aligned, bytes);
  }

  private static void unmapIfAny(long address, long bytes) {
    if (bytes > 0) {
      MemoryCalls.munmap(address, bytes);
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
    if (arena != null) {
      arena.close();
    } else {
      MemoryCalls.munmap(segment.address(), segment.byteSize());
    }
  }
}
