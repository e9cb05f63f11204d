package dev.penstock.cache.ssd;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;

/**
 * What is known of every slot, in columns, and the index over those that hold a block. About 64
 * bytes a slot, which the budget is charged. Guarded by the lock of {@link SsdDevice}.
 */
final class SlotTable {
  /** Heap bytes that a slot costs, counted against the budget. */
  static final int BYTES_PER_SLOT = 64;

  static final int NONE = -1;

  final long[] high;
  final long[] low;
  final int[] number;
  final int[] length;
  final int[] crc;
  final int[] dataset;
  final int[] job;

  /** When it was used last, on the device's clock of uses; 0: not since it was opened. */
  final int[] lastUse;

  final byte[] state;
  final short[] readers;

  private final BitSet decoded;
  private final byte[] seals;
  private final int[] buckets;
  private final int[] next;
  private int indexed;

  SlotTable(int slots, boolean sealed) {
    high = new long[slots];
    low = new long[slots];
    number = new int[slots];
    length = new int[slots];
    crc = new int[slots];
    dataset = new int[slots];
    job = new int[slots];
    lastUse = new int[slots];
    state = new byte[slots];
    readers = new short[slots];
    decoded = new BitSet(slots);
    seals = new byte[sealed ? slots * SlotHeader.SEAL_BYTES : 0];
    next = new int[slots];
    buckets = new int[Integer.highestOneBit(Math.max(8, slots))];
    Arrays.fill(buckets, NONE);
  }

  int slots() {
    return state.length;
  }

  /** Slots in the index. */
  int indexed() {
    return indexed;
  }

  void describe(int slot, BlockId id, int bytes, int ofDataset, int ofJob) {
    high[slot] = id.object().high();
    low[slot] = id.object().low();
    number[slot] = (int) id.number();
    setDecoded(slot, id.decoded());
    length[slot] = bytes;
    dataset[slot] = ofDataset;
    job[slot] = ofJob;
  }

  BlockId id(int slot) {
    return new BlockId(
        new ObjectId(high[slot], low[slot]),
        decoded.get(slot),
        Integer.toUnsignedLong(number[slot]));
  }

  int find(BlockId id) {
    int slot = buckets[bucket(id)];
    while (slot != NONE && !holds(slot, id)) {
      slot = next[slot];
    }
    return slot;
  }

  private boolean holds(int slot, BlockId id) {
    return low[slot] == id.object().low()
        && number[slot] == (int) id.number()
        && high[slot] == id.object().high()
        && decoded.get(slot) == id.decoded();
  }

  void add(int slot) {
    int bucket = bucket(id(slot));
    next[slot] = buckets[bucket];
    buckets[bucket] = slot;
    indexed++;
  }

  void remove(int slot) {
    int bucket = bucket(id(slot));
    int at = buckets[bucket];
    if (at == slot) {
      buckets[bucket] = next[slot];
    } else {
      while (next[at] != slot) {
        at = next[at];
      }
      next[at] = next[slot];
    }
    indexed--;
  }

  private int bucket(BlockId id) {
    return id.bucketHash() & (buckets.length - 1);
  }

  boolean decoded(int slot) {
    return decoded.get(slot);
  }

  void setDecoded(int slot, boolean value) {
    decoded.set(slot, value);
  }

  /** The seal's bytes to {@code at} of {@code page}: zeros when nothing is sealed. */
  void getSeal(int slot, ByteBuffer page, int at) {
    if (seals.length > 0) {
      page.put(at, seals, slot * SlotHeader.SEAL_BYTES, SlotHeader.SEAL_BYTES);
    } else {
      page.put(at, new byte[SlotHeader.SEAL_BYTES]);
    }
  }

  void setSeal(int slot, ByteBuffer page, int at) {
    if (seals.length > 0) {
      page.get(at, seals, slot * SlotHeader.SEAL_BYTES, SlotHeader.SEAL_BYTES);
    }
  }
}
