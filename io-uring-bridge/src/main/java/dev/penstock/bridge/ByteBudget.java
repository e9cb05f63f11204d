package dev.penstock.bridge;

import java.util.Map;
import java.util.TreeMap;

/**
 * A counted allowance of native bytes ({@code --memory}). Everything that allocates outside the
 * heap reserves here first; what does not fit is refused at once with the number that would.
 *
 * <p>Thread-safe. Never blocks.
 */
public final class ByteBudget {
  private final long capacityBytes;
  private final TreeMap<String, Long> usedByPurpose = new TreeMap<>();
  private long usedBytes;

  private ByteBudget(long capacityBytes) {
    if (capacityBytes <= 0) {
      throw new IllegalArgumentException("budget must be positive, was " + capacityBytes);
    }
    this.capacityBytes = capacityBytes;
  }

  /** A budget of {@code capacityBytes} bytes, all of it free. */
  public static ByteBudget of(long capacityBytes) {
    return new ByteBudget(capacityBytes);
  }

  /**
   * Reserves {@code bytes} for {@code purpose}; the caller owns the reservation and closes it
   * exactly once.
   *
   * @throws BudgetExceededException if they do not fit; nothing is reserved then
   */
  public synchronized Reservation reserve(String purpose, long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("cannot reserve " + bytes + " bytes");
    }
    if (bytes > capacityBytes - usedBytes) {
      throw new BudgetExceededException(purpose, bytes, usedBytes, capacityBytes);
    }
    usedBytes += bytes;
    usedByPurpose.merge(purpose, bytes, Long::sum);
    return new Reservation(this, purpose, bytes);
  }

  private synchronized void giveBack(String purpose, long bytes) {
    usedBytes -= bytes;
    usedByPurpose.computeIfPresent(
        purpose, (ignored, used) -> used - bytes == 0 ? null : (Long) (used - bytes));
  }

  /** The allowance in bytes. */
  public long capacityBytes() {
    return capacityBytes;
  }

  /** Bytes reserved now. */
  public synchronized long usedBytes() {
    return usedBytes;
  }

  /** Bytes not reserved now. */
  public synchronized long freeBytes() {
    return capacityBytes - usedBytes;
  }

  /** A copy of the reserved bytes by purpose, without zeros. */
  public synchronized Map<String, Long> usedByPurpose() {
    return Map.copyOf(usedByPurpose);
  }

  /** A part of the budget. Closing gives it back; closing twice is a bug and throws. */
  public static final class Reservation implements AutoCloseable {
    private final ByteBudget budget;
    private final String purpose;
    private final long bytes;
    private boolean closed;

    private Reservation(ByteBudget budget, String purpose, long bytes) {
      this.budget = budget;
      this.purpose = purpose;
      this.bytes = bytes;
    }

    /** The size of this reservation in bytes. */
    public long bytes() {
      return bytes;
    }

    @Override
    public synchronized void close() {
      if (closed) {
        throw new IllegalStateException("reservation for " + purpose + " was closed already");
      }
      closed = true;
      budget.giveBack(purpose, bytes);
    }
  }
}
