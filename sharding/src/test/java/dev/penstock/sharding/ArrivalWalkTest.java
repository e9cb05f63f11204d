package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.sharding.ArrivingShards.Row;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** The order of arrival over shards that are made up: no index, no end, each rank for itself. */
class ArrivalWalkTest {
  private static final int PASSES = 3;

  record Given(List<Integer> counts, ArrivalSpec spec) {
    ArrivalOrder order(int rank) {
      ArrivalSpec own =
          new ArrivalSpec(
              spec.seed(), rank, spec.world(), spec.lanes(), spec.window(), spec.windowBytes());
      return ArrivalOrder.of(own, counts.size(), "made up");
    }

    int samples() {
      return counts.stream().mapToInt(Integer::intValue).sum();
    }

    ArrivingShards shards(ArrivalOrder order, ArrivalCursor at) {
      return ArrivingShards.of(order, counts.stream().mapToInt(Integer::intValue).toArray(), at);
    }

    /** A rank's rows of the first passes, and the cursor before each. */
    List<Row> rows(int rank, List<ArrivalCursor> cursors) {
      ArrivalOrder order = order(rank);
      ArrivingShards shards = shards(order, order.start());
      List<Row> rows = new ArrayList<>();
      while (true) {
        ArrivalCursor before = shards.walk().cursor(rows.size());
        Row row = shards.next();
        if (row.pass() == PASSES) {
          return rows;
        }
        cursors.add(before);
        rows.add(row);
      }
    }
  }

  @Provide
  Arbitrary<Given> given() {
    Arbitrary<List<Integer>> counts =
        Arbitraries.integers().between(0, 12).list().ofMinSize(1).ofMaxSize(9);
    Arbitrary<ArrivalSpec> specs =
        Combinators.combine(
                Arbitraries.longs(),
                Arbitraries.integers().between(1, 12),
                Arbitraries.integers().between(1, 5),
                Arbitraries.integers().between(1, 40),
                Arbitraries.longs().between(1, 100))
            .as((seed, world, lanes, k, bytes) -> new ArrivalSpec(seed, 0, world, lanes, k, bytes));
    return Combinators.combine(counts, specs)
        .as(
            (some, spec) -> {
              // Every rank has a sample: a rank without any is a test of its own.
              int more = Math.ceilDiv(spec.world(), some.size());
              return new Given(some.stream().map(count -> count + more).toList(), spec);
            });
  }

  @Property(tries = 300)
  void everyPassGivesEverySampleToOneRank(@ForAll("given") Given given) {
    List<Set<Row>> seen = new ArrayList<>();
    for (int pass = 0; pass < PASSES; pass++) {
      seen.add(new HashSet<>());
    }
    for (int rank = 0; rank < given.spec.world(); rank++) {
      List<Row> rows = given.rows(rank, new ArrayList<>());
      assertEquals(
          rows, rows.stream().sorted(Comparator.comparingLong(Row::pass)).toList(), "by passes");
      for (Row row : rows) {
        assertTrue(seen.get((int) row.pass()).add(row), () -> row + " comes twice");
      }
    }
    for (Set<Row> pass : seen) {
      assertEquals(given.samples(), pass.size());
    }
  }

  @Property(tries = 100)
  void resumesBeforeEveryRow(@ForAll("given") Given given) {
    int rank = given.spec.world() - 1;
    List<ArrivalCursor> cursors = new ArrayList<>();
    List<Row> rows = given.rows(rank, cursors);
    ArrivalOrder order = given.order(rank);
    for (int at = 0; at < rows.size(); at++) {
      ArrivalCursor saved = order.resume(cursors.get(at));
      assertEquals(at, saved.step());
      assertTrue(saved.open().size() <= given.spec.lanes());
      ArrivingShards again = given.shards(order, saved);
      for (int row = at; row < Math.min(rows.size(), at + 30); row++) {
        int number = row;
        assertEquals(rows.get(row), again.next(), () -> "row " + number + " after " + saved);
        if (row + 1 < rows.size()) {
          assertEquals(cursors.get(row + 1), again.walk().cursor(row + 1));
        }
      }
    }
  }

  @Property(tries = 200)
  void windowsAreBounded(@ForAll("given") Given given) {
    ArrivalOrder order = given.order(0);
    ArrivingShards shards = given.shards(order, order.start());
    for (int row = 0; row < 100; row++) {
      shards.next();
    }
    assertTrue(shards.largestWindowBytes() <= given.spec.windowBytes());
  }

  @Test
  void theFirstWindowsAreSmallAndGrow() {
    ArrivalSpec spec = new ArrivalSpec(0, 0, 1, 4, 64, 1 << 20);
    assertEquals(4, spec.samplesMax(0, 0));
    assertEquals(7, spec.samplesMax(3, 0));
    assertEquals(4, spec.samplesMax(0, 4));
    assertEquals(8, spec.samplesMax(0, 8));
    assertEquals(64, spec.samplesMax(0, 100));
    assertEquals(64, spec.samplesMax(-1, 0));
    assertEquals(1 << 16, spec.bytesMax(0, 0));
    assertEquals(7 << 14, spec.bytesMax(3, 0));
    assertEquals(1 << 20, spec.bytesMax(3, 1 << 22));
    assertEquals(1 << 20, spec.bytesMax(-1, 0));
    assertEquals(List.of(64L, 80L, 96L, 112L), warmUps(spec));
  }

  /** Where the first full window of each lane begins. */
  private static List<Long> warmUps(ArrivalSpec spec) {
    List<Long> ends = new ArrayList<>();
    for (int lane = 0; lane < spec.lanes(); lane++) {
      int ordinal = 0;
      while (spec.samplesMax(lane, ordinal) < spec.window()) {
        ordinal += spec.samplesMax(lane, ordinal);
      }
      ends.add((long) ordinal);
    }
    return ends;
  }

  @Test
  void passesDifferAndSoDoSeeds() {
    ArrivalOrder one = ArrivalOrder.of(new ArrivalSpec(1, 0, 1, 4, 64, 1000), 100, "f");
    ArrivalOrder two = ArrivalOrder.of(new ArrivalSpec(2, 0, 1, 4, 64, 1000), 100, "f");
    assertArrayEquals(one.pass(3), one.pass(3));
    assertNotEquals(Arrays.toString(one.pass(0)), Arrays.toString(one.pass(1)));
    assertNotEquals(Arrays.toString(one.pass(0)), Arrays.toString(two.pass(0)));
    assertNotEquals(one.orderId(), two.orderId());
    int[] sorted = one.pass(7);
    Arrays.sort(sorted);
    for (int shard = 0; shard < 100; shard++) {
      assertEquals(shard, sorted[shard]);
    }
  }

  @Test
  void ranksAgreeOnTheOrderId() {
    ArrivalOrder one = ArrivalOrder.of(new ArrivalSpec(1, 0, 2, 4, 64, 1000), 9, "f");
    ArrivalOrder other = ArrivalOrder.of(new ArrivalSpec(1, 1, 2, 4, 64, 1000), 9, "f");
    assertEquals(one.orderId(), other.orderId());
    assertEquals(5, one.shardsOfPass());
    assertEquals(4, other.shardsOfPass());
  }

  @Test
  void fewerShardsThanRanksAreShared() {
    int[] parts = new int[5];
    for (int rank = 0; rank < 5; rank++) {
      ArrivalOrder order = ArrivalOrder.of(new ArrivalSpec(1, rank, 5, 4, 64, 1000), 2, "f");
      assertEquals(1, order.shardsOfPass());
      assertEquals(rank / 2, order.part());
      parts[rank] = order.parts();
      assertTrue(order.describe().contains("shared by"));
    }
    assertArrayEquals(new int[] {3, 2, 3, 2, 3}, parts);
  }

  @Test
  void saysWhenAPassGivesNothing() {
    ArrivalOrder order = ArrivalOrder.of(new ArrivalSpec(1, 0, 1, 2, 64, 1000), 3, "f");
    ArrivalWalk walk = new ArrivalWalk(order, order.start());
    for (int shard = 0; shard < 3; shard++) {
      int lane = walk.turn();
      assertEquals(shard + 1, walk.opened());
      walk.ended(lane);
    }
    assertEquals(ArrivalWalk.NOTHING, walk.turn());
  }

  @Test
  void saysWhatIsOpenedNext() {
    ArrivalOrder order = ArrivalOrder.of(new ArrivalSpec(5, 0, 1, 2, 64, 1000), 3, "f");
    ArrivingShards shards = ArrivingShards.of(order, new int[] {9, 9, 9}, order.start());
    List<Integer> foretold = new ArrayList<>();
    for (int ahead = 0; ahead < 6; ahead++) {
      foretold.add(shards.walk().upcoming(ahead));
    }
    assertEquals(ArrivalWalk.NOTHING, shards.walk().upcoming(6));
    Set<Integer> first = new LinkedHashSet<>();
    Set<Integer> second = new LinkedHashSet<>();
    for (int row = 0; row < 2 * 27; row++) {
      Row next = shards.next();
      (next.pass() == 0 ? first : second).add(next.shard());
      if (next.pass() == 0) {
        assertEquals(foretold.get(shards.walk().opened()), shards.walk().upcoming(0));
      }
    }
    List<Integer> opened = new ArrayList<>(first);
    opened.addAll(second);
    assertEquals(foretold, opened);
  }

  @Test
  void refusesWhatChanged() {
    ArrivalOrder order = ArrivalOrder.of(new ArrivalSpec(1, 0, 2, 4, 64, 1000), 9, "list");
    ArrivalCursor saved = order.start();
    assertEquals(saved, order.resume(saved));
    refused(new ArrivalSpec(2, 0, 2, 4, 64, 1000), "list", saved, "seed was 1, is 2");
    refused(new ArrivalSpec(1, 1, 2, 4, 64, 1000), "list", saved, "rank was 0, is 1");
    refused(new ArrivalSpec(1, 0, 4, 4, 64, 1000), "list", saved, "world was 2, is 4");
    refused(new ArrivalSpec(1, 0, 2, 5, 64, 1000), "list", saved, "lanes was 4, is 5");
    refused(new ArrivalSpec(1, 0, 2, 4, 65, 1000), "list", saved, "window was 64, is 65");
    refused(new ArrivalSpec(1, 0, 2, 4, 64, 999), "list", saved, "windowBytes was 1000, is 999");
    refused(saved.spec(), "other", saved, "list of shards was list, is other");
  }

  private static void refused(
      ArrivalSpec spec, String fingerprint, ArrivalCursor saved, String why) {
    ArrivalOrder now = ArrivalOrder.of(spec, 9, fingerprint);
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> now.resume(saved)).getMessage());
    assertTrue(message.contains(why), message);
  }

  @Test
  void refusesAShardThatGivesLessThanItGave() {
    ArrivalOrder order = ArrivalOrder.of(new ArrivalSpec(1, 0, 1, 1, 64, 1000), 1, "f");
    ArrivingShards shards = ArrivingShards.of(order, new int[] {20}, order.start());
    for (int row = 0; row < 7; row++) {
      shards.next(); // the first window has 4 rows, so has the second
    }
    ArrivalCursor at = shards.walk().cursor(1);
    assertEquals(3, at.open().getFirst().taken());
    ArrivalWalk cut = new ArrivalWalk(order, at);
    assertThrows(IllegalArgumentException.class, () -> cut.ended(cut.turn()));
    assertThrows(IllegalArgumentException.class, () -> cut.window(cut.turn(), 3, 100, 7));
  }

  @Test
  void refusesParametersOutOfRange() {
    assertThrows(
        IllegalArgumentException.class, () -> new ArrivalSpec(0, 2, 2, 4, 64, 1000).rank());
    assertThrows(
        IllegalArgumentException.class, () -> new ArrivalSpec(0, 0, 1, 257, 64, 1000).lanes());
    assertThrows(
        IllegalArgumentException.class, () -> new ArrivalSpec(0, 0, 1, 4, 0, 1000).window());
    assertThrows(
        IllegalArgumentException.class,
        () -> ArrivalOrder.of(new ArrivalSpec(0, 0, 1, 4, 64, 1000), 0, "f"));
    assertThrows(
        IllegalArgumentException.class,
        () -> new OrderSpec(Shuffle.ARRIVAL, End.DROP, 0, 1, 1, 1, 1, 1).seed());
  }
}
