package dev.penstock.cache.ssd;

import dev.penstock.bridge.BlockReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * A device in memory with a write cache that may lose what was not synced: it records every write
 * and every sync, so that the medium can be had as a loss of power at any moment may have left it.
 */
final class RecordingFile implements SsdFile {
  /** What a medium writes as one. */
  private static final int SECTOR = 512;

  /** A write; a sync or a new size if there are no bytes. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared, only kept.
  record Event(long offset, byte[] bytes, long size) {
    boolean isSync() {
      return bytes.length == 0 && size < 0;
    }

    boolean isResize() {
      return size >= 0;
    }
  }

  private final byte[] medium;
  private byte[] now;
  private final List<Event> events = new ArrayList<>();

  /** How many of the next requests fail; none if 0. */
  int failuresLeft;

  /** How many succeed before these. */
  int successesLeft;

  /** How long it can be made. */
  long sizeMax = 1L << 30;

  /** Whether the next reads return a flipped bit. */
  boolean flips;

  /** A device with these bytes on its medium. */
  RecordingFile(byte[] medium) {
    this.medium = medium.clone();
    this.now = medium.clone();
  }

  synchronized int eventCount() {
    return events.size();
  }

  synchronized boolean isSync(int event) {
    return events.get(event).isSync();
  }

  /**
   * The medium after a loss of power right after {@code count} events: what was synced is there; of
   * the writes since, each sector of each is there or not, as {@code random} has it, and where
   * several wrote one sector any of them may have been the last.
   */
  synchronized byte[] afterPowerCut(int count, Random random) {
    byte[] left = medium.clone();
    int synced = 0;
    for (int i = 0; i < count; i++) {
      synced = events.get(i).isSync() ? i + 1 : synced;
    }
    int lastSize = lastResize(synced);
    for (int i = 0; i < synced; i++) {
      Event event = events.get(i);
      if (event.isResize()) {
        // A sync of the data need not put on the medium that space was given back.
        boolean mayBeLost = i == lastSize && event.size < left.length;
        left = mayBeLost && random.nextBoolean() ? left : Arrays.copyOf(left, (int) event.size);
      } else {
        System.arraycopy(event.bytes, 0, left, (int) event.offset, event.bytes.length);
      }
    }
    List<Event> unsynced = new ArrayList<>(events.subList(synced, count));
    int mode = random.nextInt(4);
    Collections.shuffle(unsynced, random);
    for (Event event : unsynced) {
      boolean whole = random.nextBoolean();
      if (event.isResize()) {
        left = whole || mode == 2 ? Arrays.copyOf(left, (int) event.size) : left;
        continue;
      }
      for (int at = 0; at < event.bytes.length; at += SECTOR) {
        boolean there =
            switch (mode) {
              case 0 -> random.nextBoolean(); // torn anywhere
              case 1 -> whole; // lost or kept as a whole, in any order
              case 2 -> true; // all kept, reordered
              default -> random.nextInt(10) == 0; // nearly all lost
            };
        if (there && event.offset + at + SECTOR <= left.length) {
          System.arraycopy(event.bytes, at, left, (int) event.offset + at, SECTOR);
        }
      }
    }
    return left;
  }

  private int lastResize(int count) {
    int last = -1;
    for (int i = 0; i < count; i++) {
      last = events.get(i).isResize() ? i : last;
    }
    return last;
  }

  /** The bytes as a process that was killed leaves them: what was written is written. */
  synchronized byte[] bytes() {
    return now.clone();
  }

  /** Puts a wrong bit on the medium. */
  synchronized void flip(long offset) {
    now[(int) offset] ^= 4;
  }

  @Override
  public void read(
      long offset,
      MemorySegment slab,
      long slabOffset,
      int length,
      BlockReader.Completion completion) {
    completion.done(get(offset, slab, slabOffset, length));
  }

  private boolean fails() {
    if (failuresLeft > 0 && successesLeft > 0) {
      successesLeft--;
      return false;
    }
    return failuresLeft > 0 && failuresLeft-- > 0;
  }

  private synchronized long get(long offset, MemorySegment slab, long slabOffset, int length) {
    if (fails()) {
      return -5;
    }
    int got = Math.clamp(now.length - offset, 0, length);
    MemorySegment.copy(MemorySegment.ofArray(now), offset, slab, slabOffset, got);
    return got;
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
    completion.done(put(offset, slab, slabOffset, length));
  }

  private synchronized long put(long offset, MemorySegment slab, long slabOffset, int length) {
    if (fails()) {
      return -28;
    }
    byte[] bytes = new byte[length];
    MemorySegment.copy(slab, slabOffset, MemorySegment.ofArray(bytes), 0, length);
    System.arraycopy(bytes, 0, now, (int) offset, length);
    events.add(new Event(offset, bytes, -1));
    return length;
  }

  @Override
  public void flushWrites() {}

  @Override
  public synchronized int readNow(long offset, MemorySegment slab, long slabOffset, int length) {
    int got = Math.clamp(now.length - offset, 0, length);
    MemorySegment.copy(MemorySegment.ofArray(now), offset, slab, slabOffset, got);
    return got;
  }

  @Override
  public void writeNow(long offset, MemorySegment slab, long slabOffset, int length)
      throws IOException {
    if (put(offset, slab, slabOffset, length) < 0) {
      throw new IOException("no space left on the recorded device");
    }
  }

  @Override
  public synchronized long sizeBytes() {
    return now.length;
  }

  @Override
  public synchronized void resize(long sizeBytes) throws IOException {
    if (sizeBytes > sizeMax) {
      throw new IOException("the recorded device has room for %d bytes".formatted(sizeMax));
    }
    if (sizeBytes != now.length) {
      now = Arrays.copyOf(now, (int) sizeBytes);
      events.add(new Event(0, new byte[0], sizeBytes));
    }
  }

  @Override
  public synchronized void sync() throws IOException {
    if (fails()) {
      throw new IOException("the recorded device does not answer");
    }
    events.add(new Event(0, new byte[0], -1));
  }

  @Override
  public String description() {
    return "a recorded device";
  }

  @Override
  public void close() {}
}
