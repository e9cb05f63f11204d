package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What is refused, and that the message says which value, what it was and what is allowed. */
class RefusalsTest {
  private static final DatasetShape SHAPE = Shapes.of(20, 0, 30);
  private static final OrderSpec SPEC = new OrderSpec(Shuffle.BLOCK, End.PAD, 7, 4, 4, 3, 2, 5);

  @Test
  void parametersOutOfRange() {
    refused(() -> SPEC.withGlobalBatch(0), "globalBatch: 0", "1 to 16777216");
    refused(() -> SPEC.withWindow(0), "window: 0", "1 to");
    refused(() -> SPEC.withExtentSamples(-3), "extentSamples: -3", "1 to");
    refused(() -> SPEC.withGroups(3), "groups: 3", "4 lanes");
    refused(() -> SPEC.withLanes(1 << 20).withWindow(1 << 20), "1048576 x 1048576", "67108864");
    OrderSpec stored = OrderSpec.evaluation(8);
    refused(() -> stored.withLanes(2), "lanes: 2", "1 to 1");
    refused(() -> MixPattern.cycle(List.of(1.0, 1e-9), 8, 8), "1.0E-9", "512 rows");
  }

  @Test
  void plansWithoutAStep() {
    refused(() -> Plan.of(Shapes.of(0, 0), SPEC), "no samples");
    refused(
        () -> Plan.of(SHAPE, SPEC.withEnd(End.DROP).withGlobalBatch(51)),
        "50 samples",
        "batch of 51");
  }

  @Test
  void ranksThatDoNotDivideTheBatch() {
    Plan plan = Plan.of(SHAPE, SPEC);
    refused(() -> plan.rank(0, 3), "globalBatch: 4", "over 3 ranks");
    refused(() -> plan.rank(2, 2), "rank 2 of world 2");
  }

  @Test
  void cursorsOfAnotherOrder() {
    Plan plan = Plan.of(SHAPE, SPEC);
    Cursor at = plan.after(plan.start(), 3);
    refused(() -> Plan.of(SHAPE, SPEC.withSeed(8)).resume(at), "seed was 7, is 8", "index 12");
    refused(
        () -> Plan.of(SHAPE, SPEC.withLanes(8).withWindow(9)).resume(at),
        "lanes was 4, is 8",
        "window was 3, is 9");
    DatasetShape other = DatasetShape.of("other", new int[] {50}, new long[1], new boolean[1]);
    refused(() -> Plan.of(other, SPEC).resume(at), "fingerprint was test, is other");
    refused(() -> Plan.of(SHAPE, SPEC.withSeed(8)).after(at, 1), "resume");
    Cursor newer =
        new Cursor(
            2,
            "test",
            Shuffle.BLOCK,
            End.PAD,
            7,
            0,
            0,
            0,
            4,
            4,
            3,
            2,
            5,
            at.sources(),
            at.schedule(),
            null);
    refused(() -> plan.resume(newer), "algorithm version was 2, is 1");
  }

  @Test
  void goesBackToTheStartOfAnEpochWhoseBatchChanged() {
    Plan plan = Plan.of(SHAPE, SPEC);
    Cursor at = plan.start().at(1, 10, 100);
    assertEquals(6, plan.after(at, -1).index());
    assertEquals(plan.start().at(1, 0, 97), plan.after(at, -3));
    assertEquals(plan.start().at(0, 48, 96), plan.after(at, -4));
    assertEquals(plan.start(), plan.after(plan.after(plan.start(), 2), -9));
  }

  @Test
  void closedShardsGetFewLanesAndSayWhatTheyCost() {
    int[] samples = new int[147];
    long[] bytes = new long[147];
    boolean[] closed = new boolean[147];
    Arrays.fill(samples, 8715);
    Arrays.fill(bytes, 1L << 30);
    DatasetShape open = DatasetShape.of("open", samples, bytes, closed);
    Arrays.fill(closed, true);
    DatasetShape shut = DatasetShape.of("shut", samples, bytes, closed);
    OrderSpec spec = OrderSpec.defaults(open, Shuffle.BLOCK, End.DROP, 1, 1024);
    OrderSpec few = OrderSpec.defaults(shut, Shuffle.BLOCK, End.DROP, 1, 1024);
    assertEquals(256, spec.lanes());
    assertEquals(64, spec.window());
    assertEquals(16, spec.groups());
    assertEquals(8, few.lanes());
    assertEquals(256, few.window());
    assertEquals(1, Plan.of(open, spec).decodeWaste());
    assertEquals(1.024, Plan.of(shut, few).decodeWaste(), 0.001);
    assertEquals(1.867, Plan.of(shut, spec.withGroups(1)).decodeWaste(), 0.001);
  }

  private static void refused(Executable what, String... words) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, what).getMessage());
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
  }
}
