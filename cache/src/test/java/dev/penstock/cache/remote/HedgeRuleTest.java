package dev.penstock.cache.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.penstock.cache.origin.RangeRead;
import dev.penstock.cache.remote.HedgeRule.Ask;
import dev.penstock.cache.remote.HedgeRule.Verdict;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Times are made up: 10 ms to the first byte, 20 ms for all, of every range so far. */
final class HedgeRuleTest {
  private static final long MILLI = 1_000_000;
  private static final long RANGE = 1 << 20;
  private static final long UNKNOWN = RangeRead.Sink.UNKNOWN;

  private final Latencies latencies = new Latencies();
  private final HedgeRule rule = new HedgeRule(latencies, 5);

  @BeforeEach
  void learn() {
    for (int i = 0; i < 64; i++) {
      latencies.add(RANGE, 10 * MILLI, 20 * MILLI);
    }
  }

  private Verdict silent(long millis, long slack) {
    return rule.judge(RANGE, millis * MILLI, millis * MILLI, 1, () -> slack);
  }

  @Test
  void nothingIsLateWhileNothingIsKnown() {
    HedgeRule fresh = new HedgeRule(new Latencies(), 5);
    Verdict verdict = fresh.judge(RANGE, 1_000 * MILLI, 1_000 * MILLI, 1, () -> 0);
    assertEquals(Ask.NOT_YET, verdict.ask());
  }

  @Test
  void slackIsNotLookedAtBeforeARangeIsLate() {
    Verdict verdict = rule.judge(RANGE, 4 * MILLI, 4 * MILLI, 1, () -> fail("asked for the slack"));
    assertEquals(new Verdict(Ask.NOT_YET, 6 * MILLI), verdict);
  }

  @Test
  void aLateRangeThatIsNeededIsAskedForAtOnce() {
    assertEquals(Ask.NOW, silent(10, 0).ask());
  }

  @Test
  void oneThatBringsBytesButNotInItsTimeIsLateToo() {
    assertEquals(new Verdict(Ask.NOT_YET, MILLI), rule.judge(RANGE, MILLI, 19 * MILLI, 1, () -> 0));
    assertEquals(Ask.NOW, rule.judge(RANGE, MILLI, 20 * MILLI, 1, () -> 0).ask());
  }

  /** A second request takes 40 ms at most: until so much slack is left nothing is lost. */
  @Test
  void aLateRangeWithSlackWaitsUntilASecondRequestIsJustInTime() {
    assertEquals(new Verdict(Ask.NOT_YET, 60 * MILLI), silent(10, 100 * MILLI));
    assertEquals(new Verdict(Ask.NOT_YET, MILLI), silent(69, 41 * MILLI));
    assertEquals(Ask.NOW, silent(70, 40 * MILLI).ask());
  }

  /** The plan may quicken meanwhile. */
  @Test
  void muchSlackIsLookedAtAgain() {
    assertEquals(new Verdict(Ask.NOT_YET, 100 * MILLI), silent(10, 3_600_000 * MILLI));
  }

  /** Before it times out, which would be taken for a store that is asked for too much. */
  @Test
  void oneThatHangsIsAskedForAgainWithAnySlackIfThatCanBeSpared() {
    assertEquals(new Verdict(Ask.NOT_YET, 100 * MILLI), silent(4_999, 3_600_000 * MILLI));
    assertEquals(new Verdict(Ask.IF_SPARE, 100 * MILLI), silent(5_000, 3_600_000 * MILLI));
    assertEquals(Ask.NOW, silent(5_000, 0).ask());
  }

  @Test
  void whereNobodyKnowsTheSlackARangeHasToBeTwiceAsLate() {
    assertEquals(new Verdict(Ask.NOT_YET, 10 * MILLI), silent(10, UNKNOWN));
    assertEquals(new Verdict(Ask.NOT_YET, MILLI), silent(19, UNKNOWN));
    assertEquals(Ask.IF_SPARE, silent(20, UNKNOWN).ask());
  }

  /** So that ordinary spread does not use up what a stall will need. */
  @Test
  void theFewerSecondRequestsAreSavedUpTheLaterARangeHasToBe() {
    assertEquals(
        new Verdict(Ask.NOT_YET, 15 * MILLI / 2),
        rule.judge(RANGE, 10 * MILLI, 10 * MILLI, 0.5, () -> 0));
    assertEquals(
        new Verdict(Ask.NOT_YET, 15 * MILLI),
        rule.judge(RANGE, 10 * MILLI, 10 * MILLI, 0, () -> 0));
    assertEquals(Ask.NOW, rule.judge(RANGE, 25 * MILLI, 25 * MILLI, 0, () -> 0).ask());
  }

  @Test
  void nothingIsLateBeforeTheLeastSilence() {
    Latencies quick = new Latencies();
    for (int i = 0; i < 64; i++) {
      quick.add(RANGE, MILLI, MILLI);
    }
    HedgeRule patient = new HedgeRule(quick, 5);
    Verdict verdict = patient.judge(RANGE, 3 * MILLI, 3 * MILLI, 1, () -> 0);
    assertEquals(new Verdict(Ask.NOT_YET, 2 * MILLI), verdict);
    assertEquals(Ask.NOW, patient.judge(RANGE, 5 * MILLI, 5 * MILLI, 1, () -> 0).ask());
  }
}
