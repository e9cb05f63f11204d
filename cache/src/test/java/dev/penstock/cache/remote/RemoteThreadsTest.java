package dev.penstock.cache.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.penstock.cache.origin.ObjectVersion;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.RangeRead;
import dev.penstock.cache.origin.StoredObject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The threads of remote reads, where ranges come and go as fast as they can. */
final class RemoteThreadsTest {
  private static final int BLOCK = 4096;
  private static final int READERS = 3;
  private static final int READS = 30_000;
  private static final StoredObject OBJECT =
      new StoredObject("x:/o", "o", Long.MAX_VALUE / 2, new ObjectVersion("1"));

  /** A store that answers at once. */
  private static final RangeTransport INSTANT =
      (_, _, length, body, _, _) -> {
        for (long left = length; left > 0; ) {
          int bytes = (int) Math.min(left, body.room().remaining());
          body.filled(bytes);
          left -= bytes;
        }
      };

  /** The thread of the request before may still be on its way to being idle. */
  @Test
  @Timeout(120)
  void noRangeIsRefusedForWantOfAThread() throws Exception {
    RemoteConfig one = RemoteConfig.defaults().withRequests(1, 1).withHedging(0, 1);
    AtomicReference<@Nullable OriginException> failure = new AtomicReference<>();
    AtomicLong arrived = new AtomicLong();
    try (Arena arena = Arena.ofShared();
        RemoteReads reads = new RemoteReads("test", one, INSTANT)) {
      List<Thread> readers = new ArrayList<>();
      for (int reader = 0; reader < READERS; reader++) {
        int number = reader;
        MemorySegment slab = arena.allocate(BLOCK, BLOCK);
        readers.add(
            Thread.ofPlatform().start(() -> readAll(reads, slab, number, arrived, failure)));
      }
      for (Thread reader : readers) {
        reader.join();
      }
    }
    assertNull(failure.get());
    assertEquals(READERS * READS, arrived.get());
  }

  private static void readAll(
      RemoteReads reads,
      MemorySegment slab,
      int reader,
      AtomicLong arrived,
      AtomicReference<@Nullable OriginException> failure) {
    Semaphore told = new Semaphore(0);
    for (int i = 0; i < READS && failure.get() == null; i++) {
      long offset = 2L * BLOCK * (READERS * (long) i + reader); // no two are neighbours
      reads.read(
          OBJECT,
          new RangeRead(
              offset,
              BLOCK,
              slab,
              new long[] {0},
              BLOCK,
              new RangeRead.Sink() {
                @Override
                public void arrived(int block, int bytes) {
                  arrived.incrementAndGet();
                  told.release();
                }

                @Override
                public void failed(int block, OriginException why) {
                  failure.set(why);
                  told.release();
                }
              }));
      told.acquireUninterruptibly();
    }
  }
}
