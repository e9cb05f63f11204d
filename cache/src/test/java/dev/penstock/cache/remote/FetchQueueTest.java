package dev.penstock.cache.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.origin.ObjectVersion;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.RangeRead;
import dev.penstock.cache.origin.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What waits because of the pace, in simulated time. */
final class FetchQueueTest {
  private static final long SECOND = 1_000_000_000L;
  private static final StoredObject OBJECT =
      new StoredObject("mem://x", "x", 1 << 20, new ObjectVersion("one"));

  private final AtomicLong now = new AtomicLong(SECOND);
  private final FetchQueue queue = new FetchQueue(RemoteConfig.defaults(), now::get);

  private void add(long offset) {
    RangeRead.Sink nobody =
        new RangeRead.Sink() {
          @Override
          public void arrived(int block, int bytes) {}

          @Override
          public void failed(int block, OriginException failure) {}
        };
    assertTrue(
        queue.add(OBJECT, new RangeRead(offset, 8, MemorySegment.NULL, new long[] {0}, 8, nobody)));
  }

  /** One range was refused, and another one that waits is held back. */
  private void holdBackOne() {
    add(0);
    RangeFetch refused = queue.poll();
    assertNotNull(refused);
    queue.throttled(true);
    queue.done(refused);
    add(100);
    assertNull(queue.poll(), "so soon after the other");
  }

  @Test
  void whatIsHeldBackStartsWhenItsTimeHasCome() {
    holdBackOne();
    long wait = queue.nextStart();
    assertTrue(wait > 0 && wait < SECOND / 100, wait + " ns");
    assertEquals(0, queue.nextStart(), "one timer is enough");
    now.addAndGet(wait);
    queue.woken();
    assertNotNull(queue.poll());
    assertEquals(0, queue.nextStart(), "nothing waits");
  }

  /** Else nobody would start it: whoever looked for work saw none, and there is no timer. */
  @Test
  void itsTimeMayComeWhileTheTimerIsBeingSet() {
    holdBackOne();
    now.addAndGet(SECOND);
    assertTrue(queue.nextStart() > 0, "it waits for ever");
    queue.woken();
    assertNotNull(queue.poll());
  }

  @Test
  void withoutAPaceNoTimerIsWanted() {
    add(0);
    assertNotNull(queue.poll());
    add(100);
    assertEquals(0, queue.nextStart());
  }
}
