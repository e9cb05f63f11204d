package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ArrivalOpeningTest {
  /** A store that does not answer would otherwise keep the session, and its memory, for minutes. */
  @Test
  void closingDoesNotWaitForASilentStore() throws IOException, InterruptedException {
    CountDownLatch asked = new CountDownLatch(1);
    AtomicBoolean stopped = new AtomicBoolean();
    try (ArrivalOpening opening =
        new ArrivalOpening(
            shard -> {
              asked.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException _) {
                stopped.set(true);
              }
              throw new InterruptedIOException("stopped while opening shard " + shard);
            })) {
      opening.start(0);
      asked.await();
    }
    assertTrue(stopped.get());
  }
}
