package dev.penstock.benchmarks.remote;

import dev.penstock.benchmarks.remote.RangeClient.Work;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.RangeRead;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Reads ranges at a pace: each when it is needed, or as a session does, which asks for ranges some
 * time before their turn and goes on in time unless it has to wait for one.
 */
final class PacedReader {
  private final OriginClient client;
  private final Work work;
  private final long intervalNanos;

  /** Nanoseconds that each range took, and by how many it came after it was needed. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Times(long[] took, long[] late) {}

  /** When the first range would have been needed at the pace that the reader has now. */
  private volatile long origin;

  PacedReader(OriginClient client, Work work, double rangesPerSecond) {
    this.client = client;
    this.work = work;
    this.intervalNanos = (long) (1e9 / rangesPerSecond);
  }

  /** Asks for each of {@code count} ranges in its moment, when it is needed already. */
  Times atOnce(int count) throws InterruptedException, OriginException {
    long[] took = new long[count];
    long began = System.nanoTime();
    for (int i = 0; i < count; i++) {
      int range = i;
      sleepUntil(began + i * intervalNanos);
      var _ = client.start(work, i % work.ranges(), () -> 0, nanos -> took[range] = nanos);
    }
    client.drain();
    return new Times(took, took);
  }

  /**
   * Asks for each of {@code count} ranges {@code ahead} of them before it is needed.
   *
   * @param tells whether the client is told how long that will be, and not only when it is waited
   *     for
   */
  Times ahead(int count, int ahead, boolean tells) throws InterruptedException, OriginException {
    long[] took = new long[count];
    long[] late = new long[count];
    AtomicLongArray came = new AtomicLongArray(count);
    RangeRead[] reads = new RangeRead[count];
    Thread reader = Thread.currentThread();
    long need = System.nanoTime() + ahead * intervalNanos;
    int asked = 0;
    for (int i = 0; i < count; i++) {
      origin = need - i * intervalNanos;
      for (; asked < Math.min(count, i + ahead); asked++) {
        int range = asked;
        LongSupplier slack = () -> Math.max(0, origin + range * intervalNanos - System.nanoTime());
        reads[range] =
            client.start(
                work,
                range % work.ranges(),
                tells ? slack : () -> RangeRead.Sink.UNKNOWN,
                nanos -> {
                  took[range] = nanos;
                  came.set(range, System.nanoTime());
                  LockSupport.unpark(reader);
                });
      }
      sleepUntil(need);
      if (came.get(i) == 0) {
        reads[i].hurry();
        while (came.get(i) == 0) {
          LockSupport.park(this);
        }
      }
      late[i] = Math.max(0, came.get(i) - need);
      need += late[i] + intervalNanos;
    }
    client.drain();
    return new Times(took, late);
  }

  private static void sleepUntil(long nanos) {
    for (long left = nanos - System.nanoTime(); left > 0; left = nanos - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }
}
