package dev.penstock.cache.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.penstock.bridge.Scatter;
import dev.penstock.cache.origin.ObjectVersion;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.RangeRead;
import dev.penstock.cache.origin.StoredObject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A range by itself, without a server. */
final class RangeFetchTest {
  private static final int BLOCK = 1000;
  private static final StoredObject OBJECT =
      new StoredObject("x:/a", "a", 10 * BLOCK, new ObjectVersion("1"));

  private final List<Integer> arrived = new ArrayList<>();

  /** One block, which is needed after {@code slack}. */
  private RangeRead read(MemorySegment slab, int block, long slack) {
    return new RangeRead(
        (long) block * BLOCK,
        BLOCK,
        slab,
        new long[] {(long) block * BLOCK},
        BLOCK,
        new RangeRead.Sink() {
          @Override
          public void arrived(int number, int bytes) {
            arrived.add(block);
          }

          @Override
          public void failed(int number, OriginException failure) {
            throw new AssertionError(failure);
          }

          @Override
          public long slackNanos() {
            return slack;
          }
        });
  }

  /** What has come, and whoever waited for it, says nothing of the rest. */
  @Test
  void theSlackIsThatOfTheBytesThatHaveNotCome() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment slab = arena.allocate(3 * BLOCK);
      RangeRead first = read(slab, 0, RangeRead.Sink.UNKNOWN);
      RangeFetch fetch = new RangeFetch(OBJECT, first);
      fetch.append(read(slab, 1, 500));
      fetch.append(read(slab, 2, 700));
      fetch.freeze();
      assertEquals(500, fetch.slackNanos());
      first.hurry();
      assertEquals(0, fetch.slackNanos());
      RangeFetch.Attempt attempt = fetch.begin();
      assertNotNull(attempt);
      fill(attempt, BLOCK - 1);
      assertEquals(0, fetch.slackNanos());
      fill(attempt, 1);
      assertEquals(List.of(0), arrived);
      assertEquals(500, fetch.slackNanos());
      fill(attempt, BLOCK);
      assertEquals(700, fetch.slackNanos());
      fill(attempt, BLOCK);
      assertEquals(RangeRead.Sink.UNKNOWN, fetch.slackNanos());
    }
  }

  /** A sink of several blocks knows which of them are waited for, and which have come. */
  @Test
  void aSinkThatKnowsItsSlackIsBelieved() {
    try (Arena arena = Arena.ofConfined()) {
      RangeRead known = read(arena.allocate(BLOCK), 0, 500);
      known.hurry();
      assertEquals(500, known.slackNanos());
    }
  }

  private static void fill(RangeFetch.Attempt attempt, int bytes) throws Exception {
    attempt.places(new Scatter(), bytes);
    attempt.filled(bytes);
  }
}
