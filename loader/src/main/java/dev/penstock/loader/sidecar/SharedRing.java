package dev.penstock.loader.sidecar;

import dev.penstock.loader.Ring;
import dev.penstock.loader.Slot;
import dev.penstock.loader.SlotLayout;
import dev.penstock.loader.SlotTooSmallException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The daemon's side of one client's ring. The pipeline claims and publishes on its own threads; the
 * connection's thread calls {@link #slotsFreed} when the client has rung.
 *
 * <p>Thread-safe. Owns neither the region nor the descriptors.
 */
final class SharedRing implements Ring {
  private final MemorySegment region;
  private final int slotCount;
  private final long slotBytes;
  private final long daemonEpoch;
  private final Runnable ready;
  private final Slot[] slots;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition freed = lock.newCondition();
  // Guarded by lock: slots that are FREE in the region but ours to fill.
  private final boolean[] claimed;
  private int nextSlot;
  private long tail;

  /**
   * A ring over a region that {@link RingLayout#check} has accepted.
   *
   * @param ready rings the client's ready eventfd; must not block
   */
  SharedRing(
      MemorySegment region, int slotCount, long slotBytes, long daemonEpoch, Runnable ready) {
    this.region = region;
    this.slotCount = slotCount;
    this.slotBytes = slotBytes;
    this.daemonEpoch = daemonEpoch;
    this.ready = ready;
    this.claimed = new boolean[slotCount];
    this.slots = new Slot[slotCount];
    long first = RingLayout.slotsOffset(slotCount, slotBytes);
    for (int i = 0; i < slotCount; i++) {
      slots[i] = new Slot(region, first + i * slotBytes, slotBytes, i);
    }
  }

  @Override
  public int slotCount() {
    return slotCount;
  }

  @Override
  public long slotBytes() {
    return slotBytes;
  }

  @Override
  public Slot claim() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (true) {
        for (int i = 0; i < slotCount; i++) {
          int slot = (nextSlot + i) % slotCount;
          if (!claimed[slot] && state(slot) == RingLayout.FREE) {
            claimed[slot] = true;
            nextSlot = (slot + 1) % slotCount;
            return slots[slot];
          }
        }
        freed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Slot ensure(Slot slot, long bytes) {
    if (bytes > slotBytes) {
      throw new SlotTooSmallException(bytes, slotBytes);
    }
    return slot;
  }

  @Override
  public void publish(Slot slot) {
    lock.lock();
    try {
      if (!claimed[slot.index()]) {
        throw new IllegalStateException("slot " + slot.index() + " was not claimed");
      }
      long epoch = (long) RingLayout.LONG.getAcquire(region, RingLayout.DAEMON_EPOCH_AT);
      if (epoch != daemonEpoch) {
        throw new RingException(
            "the ring belongs to daemon epoch %d now, this session's is %d"
                .formatted(epoch, daemonEpoch));
      }
      claimed[slot.index()] = false;
      // System.nanoTime is CLOCK_MONOTONIC on Linux, as the client's clock.
      RingLayout.LONG.set(region, slot.offset() + SlotLayout.PUBLISHED_NANOS, System.nanoTime());
      RingLayout.INT.set(region, RingLayout.stateAt(slot.index()), RingLayout.READY);
      long entry = tail & (RingLayout.queueCapacity(slotCount) - 1);
      RingLayout.INT.set(region, RingLayout.queueAt(slotCount) + 4 * entry, slot.index());
      tail++;
      // Release: pairs with the client's read of the tail, after which it reads entry and slot.
      RingLayout.LONG.setRelease(region, RingLayout.READY_TAIL_AT, tail);
    } finally {
      lock.unlock();
    }
    ready.run();
  }

  /** Wakes claims that wait; called when the client has rung its free eventfd. */
  void slotsFreed() {
    lock.lock();
    try {
      freed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Slots in each state {free, ready, held} now, for the status; a glance, not a snapshot. */
  int[] counts() {
    int[] counts = new int[3];
    for (int i = 0; i < slotCount; i++) {
      int state = state(i);
      if (state >= 0 && state < counts.length) {
        counts[state]++;
      }
    }
    return counts;
  }

  /** How long the client says that it has waited for batches, in nanoseconds. */
  long waitedNanos() {
    return (long) RingLayout.LONG.getOpaque(region, RingLayout.WAITED_NANOS_AT);
  }

  /** Batches published. */
  long published() {
    lock.lock();
    try {
      return tail;
    } finally {
      lock.unlock();
    }
  }

  // Acquire: pairs with the client's FREE, after its last read of the slot.
  private int state(int slot) {
    return (int) RingLayout.INT.getAcquire(region, RingLayout.stateAt(slot));
  }

  @Override
  public void close() {
    // The connection owns region and descriptors; it closes them when the pipeline has stopped.
  }
}
