package dev.penstock.loader;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.NativeRegion;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A ring inside this process, counted against the byte budget. A slot that is too small for a batch
 * is replaced by a larger one. Thread-safe.
 */
final class LocalRing implements Ring {
  private static final long GROWTH_STEP_BYTES = 1 << 20;

  private final ByteBudget budget;
  private final long slotBytes;
  private final NativeRegion[] places;
  // Last in, first out: the slot that the consumer has just left is still warm in the processor's
  // cache, and a consumer that keeps up needs no other.
  private final BlockingDeque<Slot> free;
  private final BlockingQueue<Slot> ready;
  private boolean closed;

  /**
   * Reserves and allocates {@code slots} slots of {@code slotBytes} bytes.
   *
   * @throws dev.penstock.bridge.BudgetExceededException if they do not fit
   */
  LocalRing(ByteBudget budget, int slots, long slotBytes) {
    this.budget = budget;
    this.slotBytes = slotBytes;
    free = new LinkedBlockingDeque<>(slots);
    ready = new ArrayBlockingQueue<>(slots);
    List<NativeRegion> made = new ArrayList<>();
    try {
      for (int i = 0; i < slots; i++) {
        NativeRegion place = allocate(slotBytes);
        made.add(place);
        free.add(new Slot(place.segment(), 0, slotBytes, i));
      }
    } catch (RuntimeException | OutOfMemoryError e) {
      made.forEach(NativeRegion::close);
      throw e;
    }
    places = made.toArray(NativeRegion[]::new);
  }

  private NativeRegion allocate(long bytes) {
    return NativeRegion.open(budget, "batch slots", bytes);
  }

  @Override
  public int slotCount() {
    return places.length;
  }

  @Override
  public long slotBytes() {
    return slotBytes;
  }

  @Override
  public Slot claim() throws InterruptedException {
    return free.take();
  }

  @Override
  public Slot ensure(Slot slot, long bytes) {
    if (bytes <= slot.bytes()) {
      return slot;
    }
    long larger = (bytes + GROWTH_STEP_BYTES - 1) / GROWTH_STEP_BYTES * GROWTH_STEP_BYTES;
    NativeRegion place = allocate(larger);
    MemorySegment memory = place.segment();
    MemorySegment.copy(slot.memory(), slot.offset(), memory, 0, slot.bytes());
    synchronized (this) {
      places[slot.index()].close();
      places[slot.index()] = place;
    }
    return new Slot(memory, 0, larger, slot.index());
  }

  @Override
  public void publish(Slot slot) {
    SlotLayout.writeLong(
        slot.memory(), slot.offset() + SlotLayout.PUBLISHED_NANOS, System.nanoTime());
    ready.add(slot);
  }

  /** The next published slot, or null after {@code timeoutNanos}. */
  @Nullable Slot take(long timeoutNanos) throws InterruptedException {
    return ready.poll(timeoutNanos, TimeUnit.NANOSECONDS);
  }

  /** Gives a taken slot back for another batch. */
  void release(Slot slot) {
    free.addFirst(slot);
  }

  /** Slots that are neither filled nor being filled nor held by the consumer. */
  int freeSlots() {
    return free.size();
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      for (NativeRegion place : places) {
        place.close();
      }
    }
  }
}
