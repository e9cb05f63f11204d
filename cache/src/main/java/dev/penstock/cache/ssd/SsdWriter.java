package dev.penstock.cache.ssd;

import dev.penstock.bridge.Errno;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A device's writing thread: payloads in the order in which they were handed over, and now and then
 * a commit. What it may have waiting is bounded by whoever hands over, who keeps the memory.
 *
 * <p>A commit is one {@code fdatasync} and then the pages of headers that changed. The sync puts on
 * the medium the payloads written before it, whose headers follow, and the pages that the commit
 * before it has written, so that slots whose headers went then may be used again. A commit that is
 * cut off anywhere leaves headers old or new, each true.
 */
final class SsdWriter implements AutoCloseable {
  /** Blocks written between commits, at most: what a crash loses of a full stream of writes. */
  private static final int COMMIT_BLOCKS = 128;

  /** And for so long at most: what a crash loses of a trickle. */
  private static final long COMMIT_NANOS = 500_000_000L;

  private record Write(int slot, MemorySegment slab, long slabOffset, Runnable done) {}

  private final SsdDevice device;
  private final SsdFile file;
  private final SuperBlock layout;
  private final Payloads payloads;
  private final TablePages pages;
  private final Thread thread;

  /** Guards what follows; taken after the device's lock where both are held. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition work = lock.newCondition();
  private final Condition idle = lock.newCondition();
  private final ArrayDeque<Write> queue = new ArrayDeque<>();
  private int inFlight;
  private int sinceCommit;
  private long oldestChange;
  private boolean changes;
  private boolean draining;
  private boolean closing;

  SsdWriter(
      SsdDevice device, SsdFile file, SuperBlock layout, Payloads payloads, TablePages pages) {
    this.device = device;
    this.file = file;
    this.layout = layout;
    this.payloads = payloads;
    this.pages = pages;
    this.thread = new Thread(this::run, "penstock-ssd-write");
    thread.setDaemon(true);
    thread.start();
  }

  void write(int slot, MemorySegment slab, long slabOffset, Runnable done) {
    lock.lock();
    try {
      queue.add(new Write(slot, slab, slabOffset, done));
      inFlight++;
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /** There is something to commit. */
  void wake() {
    lock.lock();
    try {
      noteChange();
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  private void noteChange() {
    if (!changes) {
      changes = true;
      oldestChange = System.nanoTime();
    }
  }

  private void run() {
    while (true) {
      Write write;
      boolean commit;
      lock.lock();
      try {
        awaitWork();
        write = queue.poll();
        commit = (write == null && changes) || sinceCommit >= COMMIT_BLOCKS;
        if (write == null && !commit && closing && inFlight == 0) {
          break;
        }
      } finally {
        lock.unlock();
      }
      if (write != null) {
        start(write);
      }
      if (commit) {
        commit();
      }
    }
    syncLast();
  }

  /** The last commit's headers, which no other commit follows. */
  private void syncLast() {
    if (device.isUsable()) {
      try {
        file.sync();
      } catch (IOException e) {
        device.health().disable("a sync failed: " + e.getMessage());
      }
    }
  }

  /** Waits for a write, for the time of a commit, or for the end. */
  private void awaitWork() {
    while (queue.isEmpty() && sinceCommit < COMMIT_BLOCKS) {
      boolean hurried = (draining || closing) && inFlight == 0;
      if (hurried) {
        draining &= changes;
        idle.signalAll();
        if (changes || closing) {
          return;
        }
      }
      long left = changes ? oldestChange + COMMIT_NANOS - System.nanoTime() : Long.MAX_VALUE;
      if (left <= 0) {
        return;
      }
      await(left);
    }
  }

  @SuppressWarnings("WaitNotInLoop") // The caller loops.
  private void await(long nanos) {
    try {
      var _ = work.awaitNanos(nanos);
    } catch (InterruptedException _) {
      // Nobody has a reason to interrupt this thread; it ends when it is closed.
    }
  }

  private void start(Write write) {
    if (!device.isUsable()) {
      ended(write, null, -Errno.ECANCELED);
      return;
    }
    Payloads.Source source = null;
    try {
      source = payloads.prepare(device.table, write.slot, write.slab, write.slabOffset);
      Payloads.Source from = source;
      file.write(
          layout.offset(write.slot),
          from.slab(),
          from.offset(),
          Payloads.padded(device.table.length(write.slot)),
          result -> ended(write, from, result));
      file.flushWrites();
    } catch (RuntimeException e) {
      device.health().failed("a write could not be started: " + e);
      ended(write, source, -Errno.ECANCELED);
    }
  }

  private void ended(Write write, Payloads.@Nullable Source source, long result) {
    int length = device.table.length(write.slot);
    boolean whole = result == Payloads.padded(length);
    if (!whole && result != -Errno.ECANCELED) {
      device
          .health()
          .failed(
              "writing a block of %d bytes ended with %s".formatted(length, Errno.name(result)));
    }
    if (source != null) {
      payloads.done(source);
    }
    device.written(write.slot, whole);
    write.done.run();
    lock.lock();
    try {
      inFlight--;
      if (whole) {
        sinceCommit++;
        noteChange();
      }
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  private void commit() {
    lock.lock();
    try {
      changes = false;
      sinceCommit = 0;
    } finally {
      lock.unlock();
    }
    if (!device.isUsable()) {
      return;
    }
    List<Integer> syncing = new ArrayList<>();
    List<Integer> erasing = new ArrayList<>();
    List<Integer> erased = new ArrayList<>();
    sort(syncing, erasing, erased);
    try {
      file.sync();
    } catch (IOException e) {
      // What the device holds is unknown from here on, and syncing again would not tell.
      device.health().disable("a sync failed: " + e.getMessage());
      return;
    }
    settle(syncing, erasing, erased);
    boolean all = pages.write(device.table, device.lock, file, device.health());
    finish(erasing, all);
  }

  private void sort(List<Integer> syncing, List<Integer> erasing, List<Integer> erased) {
    device.lock.lock();
    try {
      for (int slot : device.takeChanged()) {
        switch (device.table.state(slot)) {
          case SsdDevice.WRITTEN -> {
            device.table.state(slot, SsdDevice.SYNCING);
            syncing.add(slot);
          }
          case SsdDevice.ERASING -> erasing.add(slot);
          case SsdDevice.ERASED -> erased.add(slot);
          default -> throw new IllegalStateException("slot " + slot + " has nothing to commit");
        }
      }
    } finally {
      device.lock.unlock();
    }
  }

  /** After the sync: payloads are on the medium, and so is what the last commit has written. */
  private void settle(List<Integer> syncing, List<Integer> erasing, List<Integer> erased) {
    device.lock.lock();
    try {
      for (int slot : syncing) {
        if (device.table.state(slot) == SsdDevice.SYNCING) {
          device.table.state(slot, SsdDevice.COMMITTED);
          pages.changed(slot);
        } else {
          erasing.add(slot);
        }
      }
      for (int slot : erasing) {
        pages.changed(slot);
      }
      for (int slot : erased) {
        if (device.table.readers(slot) == 0) {
          device.release(slot);
        } else {
          device.changeLater(slot);
          wakeLater();
        }
      }
    } finally {
      device.lock.unlock();
    }
  }

  private void finish(List<Integer> erasing, boolean written) {
    device.lock.lock();
    try {
      for (int slot : erasing) {
        if (written) {
          device.table.state(slot, SsdDevice.ERASED);
        }
        device.changeLater(slot);
      }
      if (!erasing.isEmpty() || !written) {
        wakeLater();
      }
    } finally {
      device.lock.unlock();
    }
  }

  private void wakeLater() {
    lock.lock();
    try {
      noteChange();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until nothing is queued, being written or to be committed. */
  void drain() {
    lock.lock();
    try {
      draining = true;
      work.signal();
      while (draining && thread.isAlive()) {
        idle.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Writes and commits what is left, and ends. */
  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      work.signal();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    pages.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
