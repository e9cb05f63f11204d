package dev.penstock.loader;

/** A batch is larger than the ring's slots; the ring's owner has to make a larger ring. */
public final class SlotTooSmallException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long neededBytes;

  /** {@code neededBytes} is the size that would hold the batch. */
  public SlotTooSmallException(long neededBytes, long slotBytes) {
    super(
        "a batch needs a slot of %d bytes, the ring's have %d; open the ring again with larger slots"
            .formatted(neededBytes, slotBytes));
    this.neededBytes = neededBytes;
  }

  /** The slot size in bytes that would hold the batch. */
  public long neededBytes() {
    return neededBytes;
  }
}
