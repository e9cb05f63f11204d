package dev.penstock.loader.sidecar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RingLayoutTest {
  private static final int SLOTS = 3;
  private static final long SLOT_BYTES = 8192;
  private static final long EPOCH = 77;

  private static MemorySegment region(Arena arena) {
    MemorySegment region = arena.allocate(RingLayout.regionBytes(SLOTS, SLOT_BYTES), 4096);
    RingLayout.initialize(region, SLOTS, SLOT_BYTES, EPOCH);
    return region;
  }

  @Test
  void startsWithItsName() {
    try (Arena arena = Arena.ofConfined()) {
      byte[] name = region(arena).asSlice(0, 8).toArray(ValueLayout.JAVA_BYTE);
      assertEquals("PENSTOCK", new String(name, StandardCharsets.US_ASCII));
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "2, 2", "3, 4", "4, 4", "5, 8", "1000, 1024", "1024, 1024"})
  void queueHoldsEverySlot(int slots, int capacity) {
    assertEquals(capacity, RingLayout.queueCapacity(slots));
  }

  @Test
  void slotsOfHugePagesStartOnOne() {
    assertEquals(RingLayout.HUGE_PAGE, RingLayout.slotsOffset(4, 9 * RingLayout.HUGE_PAGE));
    assertEquals(RingLayout.PAGE, RingLayout.slotsOffset(4, 12288));
  }

  @Test
  void acceptsWhatItInitializesAndHeldSlots() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment region = region(arena);
      RingLayout.INT.set(region, RingLayout.stateAt(1), RingLayout.HELD);
      RingLayout.check(region, SLOTS, SLOT_BYTES, EPOCH);
    }
  }

  @Test
  void refusesEveryWrongWord() {
    refused("magic", region -> RingLayout.LONG.set(region, 0L, 1L));
    refused("this daemon knows 1", region -> RingLayout.INT.set(region, 8L, 2));
    refused("slot_count", region -> RingLayout.INT.set(region, 12L, 4));
    refused("slot_bytes", region -> RingLayout.LONG.set(region, 16L, 4096L));
    refused("slots_offset", region -> RingLayout.LONG.set(region, 24L, 0L));
    refused("region_bytes", region -> RingLayout.LONG.set(region, 32L, 0L));
    refused("states_offset", region -> RingLayout.INT.set(region, 40L, 0));
    refused("queue_offset", region -> RingLayout.INT.set(region, 44L, 0));
    refused("queue_capacity", region -> RingLayout.INT.set(region, 48L, 8));
    refused("daemon_epoch is 78", region -> RingLayout.LONG.set(region, 64L, 78L));
    refused("ready_tail", region -> RingLayout.LONG.set(region, 128L, 1L));
    refused("ready_head", region -> RingLayout.LONG.set(region, 192L, 1L));
    refused("state of slot 2", region -> RingLayout.INT.set(region, RingLayout.stateAt(2), 1));
  }

  private static void refused(String why, Consumer<MemorySegment> damage) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment region = region(arena);
      damage.accept(region);
      RingException refused =
          assertThrows(
              RingException.class, () -> RingLayout.check(region, SLOTS, SLOT_BYTES, EPOCH));
      assertTrue(String.valueOf(refused.getMessage()).contains(why), refused.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 4096", "1025, 4096", "2, 0", "2, 4097", "2, -4096", "1024, 9223372036854771712"})
  void refusesGeometryThatCannotBe(int slots, long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment region = region(arena);
      assertThrows(RingException.class, () -> RingLayout.check(region, slots, bytes, EPOCH));
    }
  }

  @Test
  void refusesARegionOfAnotherSize() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment region = region(arena);
      MemorySegment cut = region.asSlice(0, region.byteSize() - 4096);
      assertThrows(RingException.class, () -> RingLayout.check(cut, SLOTS, SLOT_BYTES, EPOCH));
    }
  }
}
