package dev.penstock.cache.ssd;

import dev.penstock.bridge.BlockReader;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/** A device of any size in memory: only pages that were written take some, others are zero. */
final class SparseFile implements SsdFile {
  private static final int PAGE = 4096;

  private final Map<Long, byte[]> pages = new HashMap<>();
  private long size;

  /** Calls of {@link #readNow}: what opening a device asks of it. */
  int reads;

  @Override
  public void read(
      long offset,
      MemorySegment slab,
      long slabOffset,
      int length,
      BlockReader.Completion completion) {
    completion.done(readNow(offset, slab, slabOffset, length));
  }

  @Override
  public void flushReads() {}

  @Override
  public void write(
      long offset,
      MemorySegment slab,
      long slabOffset,
      int length,
      BlockReader.Completion completion) {
    writeNow(offset, slab, slabOffset, length);
    completion.done(length);
  }

  @Override
  public void flushWrites() {}

  @Override
  public synchronized int readNow(long offset, MemorySegment slab, long slabOffset, int length) {
    reads++;
    int got = Math.clamp(size - offset, 0, length);
    for (int at = 0; at < got; at += PAGE) {
      byte[] page = pages.getOrDefault(offset + at, new byte[PAGE]);
      MemorySegment.copy(MemorySegment.ofArray(page), 0, slab, slabOffset + at, PAGE);
    }
    return got;
  }

  @Override
  public synchronized void writeNow(long offset, MemorySegment slab, long slabOffset, int length) {
    for (int at = 0; at < length; at += PAGE) {
      byte[] page = new byte[PAGE];
      MemorySegment.copy(slab, slabOffset + at, MemorySegment.ofArray(page), 0, PAGE);
      pages.put(offset + at, page);
    }
  }

  @Override
  public synchronized long sizeBytes() {
    return size;
  }

  @Override
  public synchronized void resize(long sizeBytes) {
    size = sizeBytes;
    pages.keySet().removeIf(at -> at >= sizeBytes);
  }

  @Override
  public void sync() {}

  @Override
  public String description() {
    return "a sparse device";
  }

  @Override
  public void close() {}
}
