package dev.penstock.bridge;

/** A reservation did not fit into the {@link ByteBudget}; says how much would have been enough. */
public final class BudgetExceededException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long neededBytes;

  BudgetExceededException(String purpose, long bytes, long usedBytes, long capacityBytes) {
    super(
        "memory budget: %s needs %d bytes, %d of %d are in use; at least %d would be enough"
            .formatted(purpose, bytes, usedBytes, capacityBytes, usedBytes + bytes));
    this.neededBytes = usedBytes + bytes;
  }

  /** The smallest budget in bytes with which the refused reservation would have fitted. */
  public long neededBytes() {
    return neededBytes;
  }
}
