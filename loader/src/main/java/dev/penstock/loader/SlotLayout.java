package dev.penstock.loader;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The interior of a slot, shared with other processes ({@code docs/protocol/ring.md}). Offsets in
 * bytes from the slot's start, little-endian:
 *
 * <pre>
 *   0 u64 sequence          number of the batch in its session, from 0
 *   8 u64 published_nanos   CLOCK_MONOTONIC when it was published
 *  16 u32 rows
 *  20 u32 flags             bit 0: end of data, no rows
 *  24 u64 message_offset    of the Arrow IPC message (continuation, metadata, body)
 *  32 u64 message_bytes
 *  40 u64 body_offset       a multiple of 64
 *  48 u64 body_bytes
 *  56 u32 buffer_count
 *  60 u32 cursor_offset     of the JSON cursor after this batch
 *  64 u32 cursor_bytes
 *  68 u32 bad_samples       left out or replaced in this batch
 *  72 u64 step
 *  80 u64 epoch
 *  88     zero
 * 128     buffer_count times {u64 offset from body start, u64 length}
 *         cursor, message, body
 * </pre>
 */
public final class SlotLayout {
  /** Offset of the batch's sequence number. */
  public static final long SEQUENCE = 0;

  /** Offset of the publication time. */
  public static final long PUBLISHED_NANOS = 8;

  /** Offset of the row count. */
  public static final long ROWS = 16;

  /** Offset of the flags. */
  public static final long FLAGS = 20;

  /** Offset of the message's offset. */
  public static final long MESSAGE_OFFSET = 24;

  /** Offset of the message's length. */
  public static final long MESSAGE_BYTES = 32;

  /** Offset of the body's offset. */
  public static final long BODY_OFFSET = 40;

  /** Offset of the body's length. */
  public static final long BODY_BYTES = 48;

  /** Offset of the number of buffers. */
  public static final long BUFFER_COUNT = 56;

  /** Offset of the cursor's offset. */
  public static final long CURSOR_OFFSET = 60;

  /** Offset of the cursor's length. */
  public static final long CURSOR_BYTES = 64;

  /** Offset of the number of bad samples. */
  public static final long BAD_SAMPLES = 68;

  /** Offset of the step. */
  public static final long STEP = 72;

  /** Offset of the epoch. */
  public static final long EPOCH = 80;

  /** Offset of the buffer table. */
  public static final long BUFFER_TABLE = 128;

  /** Bytes of one entry of the buffer table. */
  public static final long BUFFER_ENTRY = 16;

  /** Flag: no rows follow, the run has ended. */
  public static final int FLAG_END = 1;

  /** Alignment of the body and of every buffer in it, as Arrow recommends. */
  public static final long ALIGNMENT = 64;

  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private SlotLayout() {}

  /** Rounds up to {@link #ALIGNMENT}. */
  static long align(long bytes) {
    return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** Reads an unsigned 32-bit word of a slot header. */
  public static int readInt(Slot slot, long field) {
    return slot.memory().get(INT, slot.offset() + field);
  }

  /** Reads a 64-bit word of a slot header. */
  public static long readLong(Slot slot, long field) {
    return slot.memory().get(LONG, slot.offset() + field);
  }

  static void writeInt(MemorySegment memory, long at, int value) {
    memory.set(INT, at, value);
  }

  static void writeLong(MemorySegment memory, long at, long value) {
    memory.set(LONG, at, value);
  }
}
