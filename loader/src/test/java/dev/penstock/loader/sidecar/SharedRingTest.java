package dev.penstock.loader.sidecar;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.loader.Slot;
import dev.penstock.loader.SlotLayout;
import dev.penstock.loader.SlotTooSmallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class SharedRingTest {
  private static final int SLOTS = 3;
  private static final long SLOT_BYTES = 4096;
  private static final long EPOCH = 9;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment region =
      arena.allocate(RingLayout.regionBytes(SLOTS, SLOT_BYTES), 4096);
  private final AtomicInteger rung = new AtomicInteger();
  private final SharedRing ring;

  SharedRingTest() {
    RingLayout.initialize(region, SLOTS, SLOT_BYTES, EPOCH);
    ring = new SharedRing(region, SLOTS, SLOT_BYTES, EPOCH, rung::incrementAndGet);
  }

  @AfterEach
  void free() {
    arena.close();
  }

  private int state(int slot) {
    return (int) RingLayout.INT.get(region, RingLayout.stateAt(slot));
  }

  private void setState(int slot, int state) {
    RingLayout.INT.setRelease(region, RingLayout.stateAt(slot), state);
  }

  @Test
  void publishesInOrderAndRingsEveryTime() throws InterruptedException {
    Slot first = ring.claim();
    Slot second = ring.claim();
    assertEquals(RingLayout.FREE, state(first.index()), "claimed slots stay FREE for the client");
    ring.publish(second);
    ring.publish(first);
    assertEquals(2, rung.get());
    assertEquals(2L, (long) RingLayout.LONG.get(region, RingLayout.READY_TAIL_AT));
    assertEquals(second.index(), (int) RingLayout.INT.get(region, RingLayout.queueAt(SLOTS)));
    assertEquals(first.index(), (int) RingLayout.INT.get(region, RingLayout.queueAt(SLOTS) + 4));
    assertEquals(RingLayout.READY, state(first.index()));
    assertTrue(SlotLayout.readLong(first, SlotLayout.PUBLISHED_NANOS) != 0);
    assertArrayEquals(new int[] {1, 2, 0}, ring.counts());
    assertEquals(2, ring.published());
  }

  @Test
  void theQueueWrapsRound() throws InterruptedException {
    for (int i = 0; i < 20; i++) {
      Slot slot = ring.claim();
      ring.publish(slot);
      assertEquals(
          slot.index(), (int) RingLayout.INT.get(region, RingLayout.queueAt(SLOTS) + 4L * (i % 4)));
      setState(slot.index(), RingLayout.FREE);
    }
  }

  @Test
  void heldSlotsAreNotClaimedUntilTheClientFreesThem() throws Exception {
    setState(0, RingLayout.HELD);
    setState(1, RingLayout.HELD);
    assertEquals(2, ring.claim().index());
    CompletableFuture<Integer> waiting =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return ring.claim().index();
              } catch (InterruptedException e) {
                return -1;
              }
            });
    setState(1, RingLayout.FREE);
    ring.slotsFreed();
    assertEquals(1, waiting.get(30, TimeUnit.SECONDS));
  }

  @Test
  void aClaimThatWaitsEndsByInterrupt() throws Exception {
    for (int i = 0; i < SLOTS; i++) {
      ring.claim();
    }
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    ring.claim();
                    interrupted.complete(false);
                  } catch (InterruptedException e) {
                    interrupted.complete(true);
                  }
                });
    thread.interrupt();
    assertTrue(interrupted.get(30, TimeUnit.SECONDS));
  }

  @Test
  void anotherOwnerOfTheRingEndsPublication() throws InterruptedException {
    Slot slot = ring.claim();
    RingLayout.LONG.set(region, RingLayout.DAEMON_EPOCH_AT, EPOCH + 1);
    assertThrows(RingException.class, () -> ring.publish(slot));
    assertEquals(RingLayout.FREE, state(slot.index()));
    assertEquals(0, rung.get());
  }

  @Test
  void onlyClaimedSlotsArePublished() throws InterruptedException {
    Slot slot = ring.claim();
    ring.publish(slot);
    assertThrows(IllegalStateException.class, () -> ring.publish(slot));
  }

  @Test
  void aBatchThatDoesNotFitIsForTheClientToSolve() throws InterruptedException {
    Slot slot = ring.claim();
    assertEquals(slot, ring.ensure(slot, SLOT_BYTES));
    assertEquals(
        SLOT_BYTES + 1,
        assertThrows(SlotTooSmallException.class, () -> ring.ensure(slot, SLOT_BYTES + 1))
            .neededBytes());
  }

  @Test
  void slotsLieWhereTheLayoutSays() throws InterruptedException {
    Slot slot = ring.claim();
    assertEquals(
        RingLayout.slotsOffset(SLOTS, SLOT_BYTES) + slot.index() * SLOT_BYTES, slot.offset());
    assertEquals(SLOT_BYTES, slot.bytes());
    assertEquals(SLOTS, ring.slotCount());
    RingLayout.LONG.set(region, RingLayout.WAITED_NANOS_AT, 5L);
    assertEquals(5, ring.waitedNanos());
    ring.close();
  }
}
