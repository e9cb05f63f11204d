package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BlockPoolTest {
  private final ByteBudget budget = ByteBudget.of(64 << 20);

  @Test
  void slabIsCountedAlignedAndGivenBack() {
    BlockPool pool = BlockPool.open(budget, "test", 8192, 5);
    assertEquals(5 * 8192, budget.usedBytes());
    assertEquals(5 * 8192, pool.slab().byteSize());
    assertEquals(0, pool.slab().address() % 4096);
    assertEquals(3 * 8192, pool.offset(3));
    for (int block = 0; block < 5; block++) {
      pool.slab().set(ValueLayout.JAVA_INT, pool.offset(block), block);
    }
    assertEquals(4, pool.slab().get(ValueLayout.JAVA_INT, pool.offset(4)));
    pool.close();
    assertEquals(0, budget.usedBytes());
  }

  @Test
  void lastGivenIsFirstTaken() {
    try (BlockPool pool = BlockPool.open(budget, "test", 4096, 4)) {
      int first = pool.take();
      int second = pool.take();
      pool.give(first);
      assertEquals(first, pool.take());
      pool.give(second);
      pool.give(first);
    }
  }

  @Test
  void misuseIsRefused() {
    BlockPool pool = BlockPool.open(budget, "test", 4096, 2);
    int block = pool.take();
    assertThrows(IllegalStateException.class, pool::close);
    pool.give(block);
    assertThrows(IllegalStateException.class, () -> pool.give(block));
    assertThrows(IllegalStateException.class, () -> pool.give(7));
    pool.close();
    assertThrows(IllegalStateException.class, pool::close);
    assertThrows(IllegalStateException.class, pool::take);
    assertThrows(IllegalArgumentException.class, () -> BlockPool.open(budget, "test", 1000, 2));
    assertThrows(BudgetExceededException.class, () -> BlockPool.open(budget, "test", 1 << 30, 2));
    assertEquals(0, budget.usedBytes());
  }

  @Property(tries = 200)
  void everyBlockIsInOnePlaceOnly(
      @ForAll List<Boolean> steps, @ForAll @IntRange(min = 1, max = 9) int count) {
    BlockPool pool = BlockPool.open(budget, "test", 4096, count);
    BitSet taken = new BitSet();
    Random random = new Random(count);
    ArrayDeque<Integer> order = new ArrayDeque<>();
    for (boolean take : steps) {
      if (take) {
        int block = pool.take();
        assertEquals(taken.cardinality() == count, block == -1);
        if (block >= 0) {
          assertEquals(false, taken.get(block));
          taken.set(block);
          order.add(block);
        }
      } else if (!order.isEmpty()) {
        int block = random.nextBoolean() ? order.removeFirst() : order.removeLast();
        taken.clear(block);
        pool.give(block);
      }
      assertEquals(count - taken.cardinality(), pool.freeCount());
    }
    order.forEach(pool::give);
    pool.close();
    assertEquals(0, budget.usedBytes());
  }
}
