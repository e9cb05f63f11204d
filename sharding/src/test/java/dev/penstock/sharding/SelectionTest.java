package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;

class SelectionTest {
  private static final DatasetShape BASE = Shapes.of(0, 700, 3, 1300, 0, 64, 2000);

  @Property(tries = 200)
  void keepsExactlyWhatThePredicateKeeps(
      @ForAll @DoubleRange(min = 0, max = 1) double share, @ForAll long seed) {
    boolean[][] keep = keep(share, seed);
    DatasetShape shape = Selection.of(BASE, (shard, ordinal) -> keep[shard][ordinal]);
    long n = 0;
    for (int shard = 0; shard < BASE.shardCount(); shard++) {
      int kept = 0;
      for (int ordinal = 0; ordinal < keep[shard].length; ordinal++) {
        assertEquals(kept, shape.selectedBelow(shard, ordinal));
        if (keep[shard][ordinal]) {
          assertEquals(ordinal, shape.storedOrdinal(shard, kept));
          kept++;
        }
      }
      assertEquals(kept, shape.selectedBelow(shard, keep[shard].length + 1000));
      assertEquals(kept, shape.samplesIn(shard));
      n += kept;
    }
    assertEquals(n, shape.sampleCount());
  }

  @Property(tries = 50)
  void anEpochOfASelectionReadsTheKeptSamples(@ForAll long seed) {
    boolean[][] keep = keep(0.3, seed);
    DatasetShape shape = Selection.of(BASE, (shard, ordinal) -> keep[shard][ordinal]);
    for (Shuffle shuffle : Shapes.SHUFFLES) {
      Plan plan = Plan.of(shape, OrderSpec.defaults(shape, shuffle, End.PAD, seed, 32));
      Set<List<Integer>> read = new TreeSet<>(SelectionTest::compare);
      StepSamples out = new StepSamples();
      RankView view = plan.rank(0, 1);
      for (Cursor at = plan.start(); !plan.ended(at, 1); ) {
        at = view.fill(at, out);
        for (int row = 0; row < out.count(); row++) {
          assertTrue(keep[out.shard(row)][out.ordinal(row)]);
          if (out.valid(row)) {
            assertTrue(read.add(List.of(out.shard(row), out.ordinal(row))));
          }
          long position = out.index(row);
          int ordinal = out.ordinal(row);
          assertEquals(position, plan.nextUse(out.shard(row), ordinal, ordinal + 1, position - 1));
        }
      }
      assertEquals(shape.sampleCount(), read.size());
    }
  }

  @Example
  void selectionsNest() {
    DatasetShape even = Selection.of(BASE, (shard, ordinal) -> ordinal % 2 == 0);
    DatasetShape sixth = Selection.of(even, (shard, ordinal) -> ordinal % 3 == 0);
    assertEquals(12, sixth.storedOrdinal(1, 2));
    DatasetShape part = Selection.range(even, 300, 360);
    assertEquals(60, part.sampleCount());
    assertEquals(600, part.storedOrdinal(1, 0));
    assertEquals(50, part.samplesIn(1));
    DatasetShape listed = Selection.list(even, new long[] {351, 0, 351});
    assertEquals(2, listed.sampleCount());
    assertEquals(0, listed.storedOrdinal(1, 0));
    assertEquals(2, listed.storedOrdinal(2, 0));
    assertThrows(IllegalArgumentException.class, () -> Selection.range(BASE, 5, 9999));
    assertThrows(IllegalArgumentException.class, () -> Selection.list(BASE, new long[] {-1}));
  }

  @Example
  void splitsAreDisjointAndNamed() {
    int train = 0;
    for (int i = 0; i < 10_000; i++) {
      String key = "sample" + i;
      boolean in = Selection.inSplit(5, key, 0, 0.9);
      assertNotEquals(in, Selection.inSplit(5, key, 0.9, 1));
      train += in ? 1 : 0;
    }
    assertTrue(train > 8850 && train < 9150, "train has " + train);
    DatasetShape even = Selection.of(BASE, (shard, ordinal) -> ordinal % 2 == 0);
    DatasetShape odd = Selection.of(BASE, (shard, ordinal) -> ordinal % 2 == 1);
    DatasetShape again = Selection.of(BASE, (shard, ordinal) -> ordinal % 2 == 0);
    assertEquals(even.fingerprint(), again.fingerprint());
    assertNotEquals(even.fingerprint(), odd.fingerprint());
  }

  private static boolean[][] keep(double share, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<boolean[]> keep = new ArrayList<>();
    for (int shard = 0; shard < BASE.shardCount(); shard++) {
      boolean[] marks = new boolean[BASE.samplesIn(shard)];
      boolean runs = random.nextBoolean();
      int from = random.nextInt(marks.length + 1);
      for (int i = 0; i < marks.length; i++) {
        marks[i] = runs ? i >= from && i < from + share * 1000 : random.nextDouble() < share;
      }
      keep.add(marks);
    }
    return keep.toArray(new boolean[0][]);
  }

  private static int compare(List<Integer> a, List<Integer> b) {
    int[] left = {a.get(0), a.get(1)};
    int[] right = {b.get(0), b.get(1)};
    return Arrays.compare(left, right);
  }
}
