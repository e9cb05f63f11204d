package dev.penstock.cache.ssd;

import dev.penstock.bridge.Errno;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;

/**
 * The blocks on one device: which slot holds which, reads that check what they read, writes, and
 * the commits that make them last. Thread-safe; the lock is never held across input or output.
 *
 * <p>A slot goes round in one direction, and only a commit (see {@link SsdWriter}) moves it past
 * the device's own cache:
 *
 * <pre>
 * FREE → WRITING → WRITTEN → SYNCING → COMMITTED → ERASING → ERASED → FREE
 *                 (readable from here)            (its header goes, then surely is gone)
 * </pre>
 *
 * A payload is only ever written to a slot whose header is gone from the medium, and a header only
 * once its payload is on the medium. So at no instant does the medium hold a header with a payload
 * that is not its own; checksums guard against media that lie.
 */
public final class SsdDevice implements AutoCloseable {
  static final byte FREE = 0;
  static final byte WRITING = 1;
  static final byte WRITTEN = 2;
  static final byte SYNCING = 3;
  static final byte COMMITTED = 4;
  static final byte ERASING = 5;
  static final byte ERASED = 6;

  /** Says how well a resident block is placed: the higher, the sooner it goes. */
  @FunctionalInterface
  public interface Scorer {
    /** Called under the device's lock: must not call it. {@code age}: uses since its last. */
    long score(BlockId id, int age);
  }

  /** Told once, on the device's threads; must not block. */
  @FunctionalInterface
  public interface Done {
    /** {@code bytes} are in place and are those that were written; -1: they cannot be had. */
    void read(int bytes);
  }

  private final SsdFile file;
  private final SuperBlock layout;
  private final SsdHealth health;
  private final SsdWriter writer;
  private final Payloads payloads;

  /** Guards everything below, and the table. */
  final ReentrantLock lock = new ReentrantLock();

  final SlotTable table;

  /** Slots whose state a commit has to change. */
  private final List<Integer> changed = new ArrayList<>();

  private final SlotUsage usage = new SlotUsage();
  private int uses = 1;
  private long hits;
  private long writes;
  private long erasures;

  /** Over an open file whose table has been read; see {@link SsdStore}. */
  SsdDevice(
      SsdFile file,
      SsdHealth health,
      SuperBlock layout,
      SlotTable table,
      Payloads payloads,
      TablePages pages) {
    this.file = file;
    this.layout = layout;
    this.table = table;
    this.payloads = payloads;
    this.health = health;
    for (int slot = table.slots() - 1; slot >= 0; slot--) {
      switch (table.state(slot)) {
        case FREE -> table.pushFree(slot);
        case COMMITTED -> usage.add(table, slot);
        default -> changed.add(slot);
      }
    }
    this.writer = new SsdWriter(this, file, layout, payloads, pages);
  }

  /** Bytes of blocks that fit. */
  public long capacityBytes() {
    return (long) layout.slots() * layout.blockBytes();
  }

  /** Blocks that fit. */
  public int slots() {
    return layout.slots();
  }

  /** Whether it takes part now. */
  public boolean isUsable() {
    return health.isUsable(System.nanoTime());
  }

  /**
   * Finds a block and keeps its slot from being used otherwise until {@link #read} has ended, which
   * must follow. {@link SlotTable#NONE} (-1) if it is not here or the device is not usable.
   */
  public int pin(BlockId id) {
    if (id.number() > BlockId.NUMBER_MAX || !isUsable()) {
      return SlotTable.NONE;
    }
    lock.lock();
    try {
      int slot = table.find(id);
      if (slot != SlotTable.NONE) {
        table.readers(slot, table.readers(slot) + 1);
        table.lastUse(slot, uses++);
        hits++;
      }
      return slot;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the block is here. */
  public boolean holds(BlockId id) {
    lock.lock();
    try {
      return table.find(id) != SlotTable.NONE;
    } finally {
      lock.unlock();
    }
  }

  /** Reads a pinned slot to a place of {@code slab} with room for a whole block. */
  public void read(int slot, MemorySegment slab, long slabOffset, Done done) {
    long start = System.nanoTime();
    int length = table.length(slot);
    try {
      file.read(
          layout.offset(slot),
          slab,
          slabOffset,
          Payloads.padded(length),
          result -> done.read(ended(slot, result, slab, slabOffset, start)));
    } catch (RuntimeException e) {
      health.failed("a read could not be started: " + e);
      unpin(slot, true);
      done.read(-1);
    }
  }

  /** Starts reads that are only queued. */
  public void flush() {
    file.flushReads();
  }

  private int ended(int slot, long result, MemorySegment slab, long slabOffset, long start) {
    int length = table.length(slot);
    boolean whole = result == Payloads.padded(length);
    boolean right = false;
    if (!whole) {
      health.failed(
          "reading a block of %d bytes ended with %s"
              .formatted(length, result < 0 ? Errno.name(result) : result + " bytes"));
    } else {
      right = payloads.check(table, slot, slab, slabOffset);
      if (!right) {
        health.corrupted("slot %d".formatted(slot));
      }
    }
    long now = System.nanoTime();
    health.took(now - start, now);
    unpin(slot, !right);
    return right ? length : -1;
  }

  private void unpin(int slot, boolean erase) {
    lock.lock();
    try {
      table.readers(slot, table.readers(slot) - 1);
      if (erase) {
        erase(slot);
      }
    } finally {
      lock.unlock();
    }
  }

  /** How many blocks of a dataset are here. */
  public int blocksOfDataset(int dataset) {
    return usage.ofDataset(dataset);
  }

  /** How many blocks are here that a job has put here. */
  public int blocksOfJob(int job) {
    return usage.ofJob(job);
  }

  /**
   * Takes a free slot for a block to be written; {@link #write} must follow; -1 if none is free.
   */
  public int claim(BlockId id, int length, int dataset, int job) {
    lock.lock();
    try {
      if (table.find(id) != SlotTable.NONE) {
        return SlotTable.NONE;
      }
      int slot = table.popFree();
      if (slot == SlotTable.NONE) {
        writer.hurry();
        return SlotTable.NONE;
      }
      table.state(slot, WRITING);
      table.describe(slot, id, length, dataset, job);
      usage.add(table, slot);
      return slot;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes a claimed slot, in its turn, from memory that stays as it is until {@code done} has run.
   */
  public void write(int slot, MemorySegment slab, long slabOffset, Runnable done) {
    writer.write(slot, slab, slabOffset, done);
  }

  /** The payload of a claimed slot is with the device, or could not be written. */
  void written(int slot, boolean whole) {
    lock.lock();
    try {
      boolean twice = whole && table.find(table.id(slot)) != SlotTable.NONE;
      if (whole && !twice) {
        table.state(slot, WRITTEN);
        table.lastUse(slot, uses++);
        table.add(slot);
        changed.add(slot);
        writes++;
      } else {
        usage.remove(table, slot);
        // Its header is gone from the medium, so whatever was written of it means nothing.
        table.state(slot, FREE);
        table.pushFree(slot);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Looks at {@code tries} resident blocks by chance and gives up the one with the highest score,
   * if that is above {@code score}; whether one was given up. Its slot is free two commits later.
   */
  public boolean evict(RandomGenerator random, int tries, long score, Scorer scorer) {
    return evictOf(0, 0, random, tries, score, scorer);
  }

  /** The same among the blocks that a job has put here, or a dataset has, if not 0. */
  public boolean evictOf(
      int job, int dataset, RandomGenerator random, int tries, long score, Scorer scorer) {
    lock.lock();
    try {
      int worst = SlotTable.NONE;
      long worstScore = score;
      for (int i = 0; i < tries; i++) {
        int slot = random.nextInt(table.slots());
        byte state = table.state(slot);
        if ((state == COMMITTED || state == SYNCING || state == WRITTEN)
            && table.readers(slot) == 0
            && (job == 0 || table.job(slot) == job)
            && (dataset == 0 || table.dataset(slot) == dataset)) {
          long found = scorer.score(table.id(slot), uses - table.lastUse(slot));
          if (found > worstScore) {
            worst = slot;
            worstScore = found;
          }
        }
      }
      if (worst != SlotTable.NONE) {
        erase(worst);
        erasures++;
      }
      return worst != SlotTable.NONE;
    } finally {
      lock.unlock();
    }
  }

  /** Takes a block out of the index; its slot stays as it is until nobody reads it any more. */
  private void erase(int slot) {
    byte state = table.state(slot);
    if (state != WRITTEN && state != SYNCING && state != COMMITTED) {
      return;
    }
    table.remove(slot);
    usage.remove(table, slot);
    table.state(slot, ERASING);
    if (state == COMMITTED) {
      changed.add(slot);
    }
    writer.wake();
  }

  /** Slots that are free, or will be once their header is gone. */
  public int freeSlots() {
    lock.lock();
    try {
      return layout.slots() - table.indexed();
    } finally {
      lock.unlock();
    }
  }

  /** Slots that a commit has to see to, which it takes over; guarded by the lock. */
  List<Integer> takeChanged() {
    List<Integer> taken = List.copyOf(changed);
    changed.clear();
    return taken;
  }

  /** Puts a slot back on the list for the next commit; guarded by the lock. */
  void changeLater(int slot) {
    changed.add(slot);
  }

  boolean hasChanged() {
    lock.lock();
    try {
      return !changed.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** An erased slot may be used again; guarded by the lock. */
  void release(int slot) {
    table.state(slot, FREE);
    table.pushFree(slot);
  }

  SsdHealth health() {
    return health;
  }

  /** What it has done and holds, at one moment. */
  public SsdStats stats() {
    lock.lock();
    try {
      return new SsdStats(
          file.description(),
          health.describe(),
          layout.blockBytes(),
          layout.slots(),
          table.indexed(),
          hits,
          writes,
          erasures,
          health.corrupt(),
          health.failures());
    } finally {
      lock.unlock();
    }
  }

  /** Waits until nothing is queued or being written; what was written is committed then. */
  public void drain() {
    writer.drain();
  }

  /** Commits what was written, ends its thread, gives the file up. No read may be in flight. */
  @Override
  public void close() throws IOException {
    writer.close();
    payloads.close();
    table.close();
    file.close();
  }
}
