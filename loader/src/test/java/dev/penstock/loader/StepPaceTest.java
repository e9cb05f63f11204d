package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.penstock.cache.NextUse;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps and the time until them; the clock is a number. */
final class StepPaceTest {
  private long now = Long.MAX_VALUE - 1_000; // wraps, as System.nanoTime may
  private final StepPace pace = new StepPace(() -> now);

  private void steps(long from, long to, long interval) {
    for (long step = from; step < to; step++) {
      pace.began(step);
      now += interval;
    }
  }

  @Test
  void knowsNothingBeforeItHasSeenSomeSteps() {
    assertEquals(NextUse.UNKNOWN, pace.slackNanos(0));
    steps(0, 8, 100);
    assertEquals(0, pace.slackNanos(7));
    assertEquals(NextUse.UNKNOWN, pace.slackNanos(8));
    pace.began(8);
    assertEquals(100, pace.slackNanos(9));
  }

  @Test
  void slackIsStepsAheadTimesTheirTimeAndMeltsAway() {
    steps(0, 100, 100);
    assertEquals(0, pace.slackNanos(98));
    assertEquals(0, pace.slackNanos(99));
    assertEquals(0, pace.slackNanos(100));
    assertEquals(900, pace.slackNanos(109));
    now += 250;
    assertEquals(650, pace.slackNanos(109));
    now += 10_000; // the trainer pauses: it may go on at any time
    assertEquals(0, pace.slackNanos(109));
  }

  @Test
  void aPauseDoesNotMakeWhatComesLaterLookFar() {
    steps(0, 50, 100);
    now += 1_000_000;
    steps(50, 60, 100);
    assertEquals(900, pace.slackNanos(69));
  }

  @Test
  void stepsThatAreTakenSomeAtATimeCountByTheirMean() {
    for (long burst = 0; burst < 20; burst++) {
      steps(4 * burst, 4 * burst + 4, 0);
      now += 400;
    }
    pace.began(80);
    assertEquals(10 * 80, pace.slackNanos(90)); // of 32, two of the eight long ones left out
  }

  @Test
  void anotherPaceIsLearnt() {
    steps(0, 100, 100);
    steps(100, 140, 10);
    pace.began(140);
    assertEquals(100, pace.slackNanos(150));
  }

  /** The look-ahead says which step it asks for, the gather which it is at. */
  @Test
  void aSessionSaysWhereItIs(@TempDir Path directory) throws Exception {
    TestShards.write(directory, 2, 40, 100);
    LoaderConfig config =
        LoaderConfig.builder(directory + "/*.tar")
            .memoryBytes(64 << 20)
            .cpus(2)
            .batchSize(4)
            .epochs(1)
            .build();
    try (Loader loader = Loader.open(config)) {
      NextUse plan = loader.session().plan().nextUse();
      long steps = 0;
      for (Batch batch : loader) {
        try (batch) {
          assertEquals(0, plan.slackNanos(steps), "it was gathered");
          steps++;
        }
      }
      assertEquals(20, steps);
      assertEquals(steps - 1, plan.step());
      assertNotEquals(0, plan.slackNanos(1L << 20));
    }
  }
}
