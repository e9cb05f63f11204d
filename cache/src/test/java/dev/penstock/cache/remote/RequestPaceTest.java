package dev.penstock.cache.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a model of a server that counts requests, in simulated time. */
final class RequestPaceTest {
  private static final long SECOND = 1_000_000_000L;

  /** As nginx's {@code limit_req} does: so many a second, five more at once. */
  @ParameterizedTest
  @ValueSource(ints = {10, 30, 150})
  void restsBelowWhatTheServerTakes(int perSecond) {
    RequestPace pace = new RequestPace();
    double excess = 0;
    long last = 0;
    long now = SECOND;
    int refused = 0;
    int inARow = 0;
    int mostInARow = 0;
    int requests = 5_000;
    for (int i = 0; i < requests; i++) {
      now += pace.nanosToNext(now);
      pace.started(now);
      double next = Math.max(0, excess - (now - last) * (double) perSecond / SECOND) + 1;
      now += SECOND / 1_000; // the answer's way
      if (next > 6) {
        pace.refused(now);
        refused++;
        inARow++;
        mostInARow = Math.max(mostInARow, inARow);
      } else {
        excess = next;
        last = now - SECOND / 1_000;
        pace.succeeded();
        inARow = 0;
      }
    }
    assertTrue(refused > 0, "the server never refused: the model is wrong");
    assertTrue(refused < requests * 0.17, refused + " of " + requests);
    int wanted = RemoteConfig.defaults().failuresMax();
    assertTrue(mostInARow < wanted, mostInARow + " in a row");
    double rate = (requests - refused) / ((now - SECOND) / (double) SECOND);
    assertTrue(rate > 0.6 * perSecond, rate + " a second");
  }

  @Test
  void aStoreThatNeverRefusesIsNotHeldBack() {
    RequestPace pace = new RequestPace();
    pace.started(5);
    pace.succeeded();
    assertEquals(0, pace.nanosToNext(5));
  }

  @Test
  void refusalsOfARoundAreBelievedOnce() {
    RequestPace pace = new RequestPace();
    pace.started(SECOND);
    for (int i = 0; i < 64; i++) {
      pace.refused(SECOND + i);
    }
    long once = pace.nanosToNext(SECOND);
    assertTrue(once > 0 && once < SECOND / 100, once + " ns");
  }
}
