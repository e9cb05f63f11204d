package dev.penstock.loader.sidecar;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The layout of the region that a trainer and the sidecar map, version {@value #VERSION}; {@code
 * docs/protocol/ring.md} tells who writes what when. Little-endian, naturally aligned:
 *
 * <pre>
 *      0  u64  magic "PENSTOCK"
 *      8  u32  layout_version
 *     12  u32  slot_count
 *     16  u64  slot_bytes
 *     24  u64  slots_offset
 *     32  u64  region_bytes
 *     40  u32  states_offset
 *     44  u32  queue_offset
 *     48  u32  queue_capacity
 *     64  u64  daemon_epoch    a cache line of its own, as the next two
 *    128  u64  ready_tail      written by the daemon
 *    192  u64  ready_head      written by the client
 *    256  u64  waited_nanos    written by the client, for statistics
 *    320  u32  states          64 bytes apart: 0 FREE, 1 READY, 2 HELD
 *    320 + 64 slot_count       ready queue: u32 slot numbers
 *    slots_offset              slots
 * </pre>
 */
public final class RingLayout {
  /** The layout version; a reader that meets another one says both and stops. */
  public static final int VERSION = 1;

  /** The bytes "PENSTOCK", read as a little-endian number. */
  public static final long MAGIC = 0x4b434f54534e4550L;

  /** Smallest slot count: one slot is filled while another is read. */
  public static final int SLOT_COUNT_MIN = 2;

  /** Largest slot count. */
  public static final int SLOT_COUNT_MAX = 1024;

  /** Alignment in bytes of slots and of everything that is mapped. */
  public static final long PAGE = 4096;

  /** Alignment of slots that are a multiple of it, so that huge pages can back them. */
  public static final long HUGE_PAGE = 2L << 20;

  static final long MAGIC_AT = 0;
  static final long VERSION_AT = 8;
  static final long SLOT_COUNT_AT = 12;
  static final long SLOT_BYTES_AT = 16;
  static final long SLOTS_OFFSET_AT = 24;
  static final long REGION_BYTES_AT = 32;
  static final long STATES_OFFSET_AT = 40;
  static final long QUEUE_OFFSET_AT = 44;
  static final long QUEUE_CAPACITY_AT = 48;
  static final long DAEMON_EPOCH_AT = 64;
  static final long READY_TAIL_AT = 128;
  static final long READY_HEAD_AT = 192;
  static final long WAITED_NANOS_AT = 256;
  static final long STATES_AT = 320;
  static final long STATE_STRIDE = 64;

  static final int FREE = 0;
  static final int READY = 1;
  static final int HELD = 2;

  /** Access to an aligned 32-bit word at a byte offset of the region. */
  static final VarHandle INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

  /** Access to an aligned 64-bit word at a byte offset of the region. */
  static final VarHandle LONG =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

  private RingLayout() {}

  /** Entries of the ready queue for so many slots: the power of two that is not smaller. */
  static int queueCapacity(int slotCount) {
    return slotCount <= 1 ? 1 : Integer.highestOneBit(slotCount - 1) << 1;
  }

  /** Offset of a slot's state word. */
  static long stateAt(int slot) {
    return STATES_AT + slot * STATE_STRIDE;
  }

  /** Offset of the ready queue. */
  static long queueAt(int slotCount) {
    return STATES_AT + slotCount * STATE_STRIDE;
  }

  /** Offset of the first slot. */
  static long slotsOffset(int slotCount, long slotBytes) {
    long end = queueAt(slotCount) + 4L * queueCapacity(slotCount);
    long alignment = slotBytes % HUGE_PAGE == 0 ? HUGE_PAGE : PAGE;
    return (end + alignment - 1) / alignment * alignment;
  }

  /** Size in bytes of a region. */
  static long regionBytes(int slotCount, long slotBytes) {
    return slotsOffset(slotCount, slotBytes) + slotCount * slotBytes;
  }

  /** Writes the header of a fresh region, all of its slots free, as a client does. */
  static void initialize(MemorySegment region, int slotCount, long slotBytes, long daemonEpoch) {
    region.asSlice(0, slotsOffset(slotCount, slotBytes)).fill((byte) 0);
    LONG.set(region, MAGIC_AT, MAGIC);
    INT.set(region, VERSION_AT, VERSION);
    INT.set(region, SLOT_COUNT_AT, slotCount);
    LONG.set(region, SLOT_BYTES_AT, slotBytes);
    LONG.set(region, SLOTS_OFFSET_AT, slotsOffset(slotCount, slotBytes));
    LONG.set(region, REGION_BYTES_AT, regionBytes(slotCount, slotBytes));
    INT.set(region, STATES_OFFSET_AT, (int) STATES_AT);
    INT.set(region, QUEUE_OFFSET_AT, (int) queueAt(slotCount));
    INT.set(region, QUEUE_CAPACITY_AT, queueCapacity(slotCount));
    LONG.set(region, DAEMON_EPOCH_AT, daemonEpoch);
  }

  /**
   * Checks a region that a client has handed over.
   *
   * @throws RingException saying the field, what was found and what was expected
   */
  static void check(MemorySegment region, int slotCount, long slotBytes, long daemonEpoch) {
    if (slotCount < SLOT_COUNT_MIN || slotCount > SLOT_COUNT_MAX) {
      throw new RingException(
          "slot_count is %d, allowed are %d to %d"
              .formatted(slotCount, SLOT_COUNT_MIN, SLOT_COUNT_MAX));
    }
    if (slotBytes < PAGE || slotBytes % PAGE != 0 || slotBytes > Long.MAX_VALUE / 2048) {
      throw new RingException("slot_bytes is %d, not a multiple of %d".formatted(slotBytes, PAGE));
    }
    require("region size", region.byteSize(), regionBytes(slotCount, slotBytes));
    require("magic", (long) LONG.get(region, MAGIC_AT), MAGIC);
    int version = (int) INT.get(region, VERSION_AT);
    if (version != VERSION) {
      throw new RingException(
          "ring layout version is %d, this daemon knows %d; use the same release on both sides"
              .formatted(version, VERSION));
    }
    require("slot_count", (int) INT.get(region, SLOT_COUNT_AT), slotCount);
    require("slot_bytes", (long) LONG.get(region, SLOT_BYTES_AT), slotBytes);
    require(
        "slots_offset",
        (long) LONG.get(region, SLOTS_OFFSET_AT),
        slotsOffset(slotCount, slotBytes));
    require("region_bytes", (long) LONG.get(region, REGION_BYTES_AT), region.byteSize());
    require("states_offset", (int) INT.get(region, STATES_OFFSET_AT), STATES_AT);
    require("queue_offset", (int) INT.get(region, QUEUE_OFFSET_AT), queueAt(slotCount));
    require("queue_capacity", (int) INT.get(region, QUEUE_CAPACITY_AT), queueCapacity(slotCount));
    require("daemon_epoch", (long) LONG.get(region, DAEMON_EPOCH_AT), daemonEpoch);
    require("ready_tail", (long) LONG.get(region, READY_TAIL_AT), 0);
    require("ready_head", (long) LONG.get(region, READY_HEAD_AT), 0);
    for (int slot = 0; slot < slotCount; slot++) {
      int state = (int) INT.getAcquire(region, stateAt(slot));
      if (state != FREE && state != HELD) {
        throw new RingException("state of slot %d is %d, not FREE or HELD".formatted(slot, state));
      }
    }
  }

  private static void require(String field, long found, long expected) {
    if (found != expected) {
      throw new RingException("%s is %d, expected is %d".formatted(field, found, expected));
    }
  }
}
