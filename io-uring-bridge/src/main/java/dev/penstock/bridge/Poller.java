package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;

/**
 * Waits until one of several descriptors can be read, has ended or has failed ({@code poll(2)}).
 * The descriptors stay their owners' and must outlive the wait.
 *
 * <p>For one platform thread at a time: a virtual thread would hold its carrier while it waits. An
 * interrupt does not end a wait; put a {@link Notifier} among the descriptors for that.
 */
public final class Poller implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment entries;
  private final int count;

  private Poller(int[] descriptors) {
    count = descriptors.length;
    entries = arena.allocate((long) WaitCalls.POLLFD_BYTES * count, 8);
    for (int index = 0; index < count; index++) {
      set(index, descriptors[index]);
    }
  }

  /** A poller of these descriptors, known by their places from 0. */
  public static Poller of(int... descriptors) {
    if (descriptors.length == 0) {
      throw new IllegalArgumentException("nothing to wait for");
    }
    return new Poller(descriptors);
  }

  /** Puts another descriptor in place {@code index}; -1 leaves the place out. */
  public void set(int index, int descriptor) {
    long at = (long) WaitCalls.POLLFD_BYTES * index;
    entries.set(Native.INT, at, descriptor);
    entries.set(ValueLayout.JAVA_SHORT, at + 4, WaitCalls.POLLIN);
    entries.set(ValueLayout.JAVA_SHORT, at + 6, (short) 0);
  }

  /**
   * Waits at most {@code timeoutMillis} (-1 for ever, 0 not at all); returns how many are ready, 0
   * when the time is over.
   */
  public int await(long timeoutMillis) throws IOException {
    long start = System.nanoTime();
    long left = timeoutMillis;
    while (true) {
      int ready = WaitCalls.poll(entries, count, Math.clamp(left, -1, Integer.MAX_VALUE));
      if (ready >= 0) {
        return ready;
      }
      if (ready != -Errno.EINTR) {
        throw new ErrnoException("poll of %d descriptors".formatted(count), ready);
      }
      if (timeoutMillis > 0) {
        long passed = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        left = Math.max(0, timeoutMillis - passed);
      }
    }
  }

  /** Whether the last {@link #await} found place {@code index} ready, ended or failed. */
  public boolean isReady(int index) {
    return entries.get(ValueLayout.JAVA_SHORT, (long) WaitCalls.POLLFD_BYTES * index + 6) != 0;
  }

  /** Frees the poller's memory; the descriptors stay open. */
  @Override
  public void close() {
    arena.close();
  }
}
