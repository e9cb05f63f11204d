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
 * A device's writing: one thread for payloads, in the order in which they were handed over, and one
 * that commits now and then, so that payloads do not wait for a sync. What it may have waiting is
 * bounded by whoever hands over, who keeps the memory.
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

  /** The same while blocks find no free slot: often enough for them, seldom enough for reads. */
  private static final long HUNGRY_NANOS = 20_000_000L;

  private record Write(int slot, MemorySegment slab, long slabOffset, Runnable done) {}

  private final SsdDevice device;
  private final SsdFile file;
  private final SuperBlock layout;
  private final Payloads payloads;
  private final TablePages pages;
  private final Thread writing;
  private final Thread committer;

  /** Guards what follows; taken after the device's lock where both are held. */
  private final ReentrantLock lock = new ReentrantLock();

  /** Something is queued, or the end has come. */
  private final Condition work = lock.newCondition();

  /** Any of the fields below has changed. */
  private final Condition change = lock.newCondition();

  private final ArrayDeque<Write> queue = new ArrayDeque<>();
  private int inFlight;
  private int sinceCommit;
  private long oldestChange;
  private boolean changes;
  private boolean committing;
  private boolean hungry;
  private int draining;
  private boolean closing;

  SsdWriter(
      SsdDevice device, SsdFile file, SuperBlock layout, Payloads payloads, TablePages pages) {
    this.device = device;
    this.file = file;
    this.layout = layout;
    this.payloads = payloads;
    this.pages = pages;
    this.writing = start("penstock-ssd-write", this::writeAll);
    this.committer = start("penstock-ssd-commit", this::commitAll);
  }

  private static Thread start(String name, Runnable loop) {
    return Thread.ofPlatform().daemon().name(name).start(loop);
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
    } finally {
      lock.unlock();
    }
  }

  /** Somebody found no free slot: what a commit would free is wanted soon. */
  void hurry() {
    lock.lock();
    try {
      hungry = true;
      change.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void noteChange() {
    if (!changes) {
      changes = true;
      oldestChange = System.nanoTime();
    }
    change.signalAll();
  }

  private void writeAll() {
    for (Write write = nextWrite(); write != null; write = nextWrite()) {
      start(write);
    }
  }

  /** The next write, or null at the end. */
  private @Nullable Write nextWrite() {
    lock.lock();
    try {
      while (queue.isEmpty() && !closing) {
        work.awaitUninterruptibly();
      }
      return queue.poll();
    } finally {
      lock.unlock();
    }
  }

  private void commitAll() {
    while (awaitCommit()) {
      commit();
      lock.lock();
      try {
        committing = false;
        change.signalAll();
      } finally {
        lock.unlock();
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

  /** Waits until a commit is due; false when the last one has been. */
  private boolean awaitCommit() {
    lock.lock();
    try {
      while (true) {
        boolean last = (draining > 0 || closing) && inFlight == 0;
        if (last && !changes) {
          change.signalAll();
          if (closing) {
            return false;
          }
        }
        long age = changes ? System.nanoTime() - oldestChange : -1;
        if (changes
            && (last
                || sinceCommit >= COMMIT_BLOCKS
                || age >= (hungry ? HUNGRY_NANOS : COMMIT_NANOS))) {
          changes = false;
          hungry = false;
          sinceCommit = 0;
          committing = true;
          return true;
        }
        long left = changes ? (hungry ? HUNGRY_NANOS : COMMIT_NANOS) - age : Long.MAX_VALUE;
        await(left);
      }
    } finally {
      lock.unlock();
    }
  }

  @SuppressWarnings("WaitNotInLoop") // The caller loops.
  private void await(long nanos) {
    try {
      var _ = change.awaitNanos(nanos);
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
      change.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void commit() {
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
      draining++;
      change.signalAll();
      while (inFlight > 0 || changes || committing) {
        change.awaitUninterruptibly();
      }
      draining--;
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
      work.signalAll();
      change.signalAll();
    } finally {
      lock.unlock();
    }
    boolean interrupted = join(writing);
    interrupted |= join(committer);
    pages.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether it was interrupted meanwhile. */
  private static boolean join(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    return interrupted;
  }
}
