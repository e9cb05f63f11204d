package dev.penstock.loader;

/**
 * The slots between the pipeline and one consumer. The pipeline claims free slots, fills and
 * publishes them in step order; the consumer takes and releases them. Its memory is its owner's.
 */
public interface Ring extends AutoCloseable {
  /** Number of slots, at least 2. */
  int slotCount();

  /** Size of a slot in bytes. */
  long slotBytes();

  /**
   * Waits for a free slot; the pipeline owns it until it is published.
   *
   * @throws InterruptedException if the pipeline is stopped while it waits
   */
  Slot claim() throws InterruptedException;

  /**
   * A claimed slot that holds at least {@code bytes}: the same one, or a larger one in its place.
   *
   * @throws SlotTooSmallException if this ring cannot grow; its owner makes a larger one
   */
  Slot ensure(Slot slot, long bytes);

  /** Hands a filled slot to the consumer. Called in step order. */
  void publish(Slot slot);

  /** Frees what the ring itself owns. Called after the pipeline has stopped. */
  @Override
  void close();
}
