package dev.penstock.loader;

import java.lang.foreign.MemorySegment;

/**
 * One batch-sized place in a ring.
 *
 * @param memory the memory that the slot lies in
 * @param offset where it starts in {@code memory}, in bytes, a multiple of 64
 * @param bytes its size in bytes
 * @param index its number in the ring
 */
public record Slot(MemorySegment memory, long offset, long bytes, int index) {}
