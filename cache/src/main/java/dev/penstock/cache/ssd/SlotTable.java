package dev.penstock.cache.ssd;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.NativeRegion;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/**
 * What is known of every slot, a row of 64 bytes each in native memory that the budget counts, and
 * the index over those that hold a block: chains through the rows, as are the free slots. So a
 * device of any size leaves the Java heap alone. Guarded by the lock of {@link SsdDevice}; no
 * access may follow {@link #close}.
 */
final class SlotTable implements AutoCloseable {
  static final int NONE = -1;

  private static final int ROW = 64;
  private static final int HIGH = 0;
  private static final int LOW = 8;
  private static final int NUMBER = 16;
  private static final int LENGTH = 20;
  private static final int CRC = 24;
  private static final int DATASET = 28;
  private static final int JOB = 32;
  private static final int LAST_USE = 36;
  private static final int NEXT = 40;
  private static final int READERS = 44;
  private static final int STATE = 48;
  private static final int DECODED = 49;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  private final NativeRegion region;
  private final MemorySegment memory;
  private final int slots;
  private final int bucketCount;
  private final long buckets;
  private final long seals;
  private final boolean sealed;
  private int firstFree = NONE;
  private int indexed;

  /** Memory from {@code budget}; {@code sealed}: whether to keep a seal for each slot. */
  SlotTable(int slots, boolean sealed, ByteBudget budget) {
    this.slots = slots;
    this.sealed = sealed;
    this.bucketCount = Integer.highestOneBit(Math.max(8, slots));
    this.buckets = (long) slots * ROW;
    this.seals = buckets + (long) bucketCount * Integer.BYTES;
    this.region = NativeRegion.open(budget, "SSD table", bytes(slots, sealed));
    this.memory = region.segment();
    for (int bucket = 0; bucket < bucketCount; bucket++) {
      memory.set(INT, buckets + (long) bucket * Integer.BYTES, NONE);
    }
  }

  /** Memory of a table. */
  static long bytes(long slots, boolean sealed) {
    long index = Long.highestOneBit(Math.max(8, slots)) * Integer.BYTES;
    return slots * ROW + index + (sealed ? slots * SlotHeader.SEAL_BYTES : 0);
  }

  int slots() {
    return slots;
  }

  /** Slots in the index. */
  int indexed() {
    return indexed;
  }

  private static long row(int slot) {
    return (long) slot * ROW;
  }

  long high(int slot) {
    return memory.get(LONG, row(slot) + HIGH);
  }

  void high(int slot, long value) {
    memory.set(LONG, row(slot) + HIGH, value);
  }

  long low(int slot) {
    return memory.get(LONG, row(slot) + LOW);
  }

  void low(int slot, long value) {
    memory.set(LONG, row(slot) + LOW, value);
  }

  int number(int slot) {
    return memory.get(INT, row(slot) + NUMBER);
  }

  void number(int slot, int value) {
    memory.set(INT, row(slot) + NUMBER, value);
  }

  int length(int slot) {
    return memory.get(INT, row(slot) + LENGTH);
  }

  void length(int slot, int value) {
    memory.set(INT, row(slot) + LENGTH, value);
  }

  int crc(int slot) {
    return memory.get(INT, row(slot) + CRC);
  }

  void crc(int slot, int value) {
    memory.set(INT, row(slot) + CRC, value);
  }

  int dataset(int slot) {
    return memory.get(INT, row(slot) + DATASET);
  }

  void dataset(int slot, int value) {
    memory.set(INT, row(slot) + DATASET, value);
  }

  /** Who has put the block there; 0: somebody before this process. */
  int job(int slot) {
    return memory.get(INT, row(slot) + JOB);
  }

  /** When it was used last, on the device's clock of uses; 0: not since it was opened. */
  int lastUse(int slot) {
    return memory.get(INT, row(slot) + LAST_USE);
  }

  void lastUse(int slot, int value) {
    memory.set(INT, row(slot) + LAST_USE, value);
  }

  int readers(int slot) {
    return memory.get(INT, row(slot) + READERS);
  }

  void readers(int slot, int value) {
    memory.set(INT, row(slot) + READERS, value);
  }

  byte state(int slot) {
    return memory.get(BYTE, row(slot) + STATE);
  }

  void state(int slot, byte value) {
    memory.set(BYTE, row(slot) + STATE, value);
  }

  boolean decoded(int slot) {
    return memory.get(BYTE, row(slot) + DECODED) != 0;
  }

  void decoded(int slot, boolean value) {
    memory.set(BYTE, row(slot) + DECODED, (byte) (value ? 1 : 0));
  }

  private int next(int slot) {
    return memory.get(INT, row(slot) + NEXT);
  }

  private void next(int slot, int value) {
    memory.set(INT, row(slot) + NEXT, value);
  }

  void describe(int slot, BlockId id, int bytes, int ofDataset, int ofJob) {
    high(slot, id.object().high());
    low(slot, id.object().low());
    number(slot, (int) id.number());
    decoded(slot, id.decoded());
    length(slot, bytes);
    dataset(slot, ofDataset);
    memory.set(INT, row(slot) + JOB, ofJob);
  }

  BlockId id(int slot) {
    return new BlockId(
        new ObjectId(high(slot), low(slot)), decoded(slot), Integer.toUnsignedLong(number(slot)));
  }

  /** Adds a slot to those that are free; the last added is the first taken. */
  void pushFree(int slot) {
    next(slot, firstFree);
    firstFree = slot;
  }

  /** Takes a free slot, or {@link #NONE}. */
  int popFree() {
    int slot = firstFree;
    if (slot != NONE) {
      firstFree = next(slot);
    }
    return slot;
  }

  int find(BlockId id) {
    int slot = memory.get(INT, bucket(id));
    while (slot != NONE && !holds(slot, id)) {
      slot = next(slot);
    }
    return slot;
  }

  private boolean holds(int slot, BlockId id) {
    return low(slot) == id.object().low()
        && number(slot) == (int) id.number()
        && high(slot) == id.object().high()
        && decoded(slot) == id.decoded();
  }

  void add(int slot) {
    long bucket = bucket(id(slot));
    next(slot, memory.get(INT, bucket));
    memory.set(INT, bucket, slot);
    indexed++;
  }

  void remove(int slot) {
    long bucket = bucket(id(slot));
    int at = memory.get(INT, bucket);
    if (at == slot) {
      memory.set(INT, bucket, next(slot));
    } else {
      while (next(at) != slot) {
        at = next(at);
      }
      next(at, next(slot));
    }
    indexed--;
  }

  private long bucket(BlockId id) {
    return buckets + (long) (id.bucketHash() & (bucketCount - 1)) * Integer.BYTES;
  }

  /** The seal's bytes to {@code at} of {@code page}: zeros when nothing is sealed. */
  void getSeal(int slot, ByteBuffer page, int at) {
    byte[] seal = new byte[SlotHeader.SEAL_BYTES];
    if (sealed) {
      MemorySegment.copy(memory, BYTE, seal(slot), seal, 0, seal.length);
    }
    page.put(at, seal);
  }

  void setSeal(int slot, ByteBuffer page, int at) {
    if (sealed) {
      byte[] seal = new byte[SlotHeader.SEAL_BYTES];
      page.get(at, seal);
      MemorySegment.copy(seal, 0, memory, BYTE, seal(slot), seal.length);
    }
  }

  private long seal(int slot) {
    return seals + (long) slot * SlotHeader.SEAL_BYTES;
  }

  @Override
  public void close() {
    region.close();
  }
}
