package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ByteBudgetTest {
  @Test
  void refusalsSayWhatWouldDo() {
    ByteBudget budget = ByteBudget.of(100);
    ByteBudget.Reservation first = budget.reserve("ring", 60);
    BudgetExceededException refused =
        assertThrows(BudgetExceededException.class, () -> budget.reserve("pool", 50));
    assertEquals(110, refused.neededBytes());
    assertTrue(refused.toString().contains("pool needs 50 bytes"), refused.toString());
    assertEquals(Map.of("ring", 60L), budget.usedByPurpose());
    assertEquals(60, first.bytes());
    first.close();
    assertThrows(IllegalStateException.class, first::close);
    assertEquals(100, budget.freeBytes());
    assertEquals(Map.of(), budget.usedByPurpose());
    assertThrows(IllegalArgumentException.class, () -> budget.reserve("x", -1));
    assertThrows(IllegalArgumentException.class, () -> ByteBudget.of(0));
  }

  @Property(tries = 200)
  void neverMoreThanItsCapacity(@ForAll List<@IntRange(min = -40, max = 60) Integer> steps) {
    ByteBudget budget = ByteBudget.of(100);
    ArrayDeque<ByteBudget.Reservation> open = new ArrayDeque<>();
    long used = 0;
    for (int step : steps) {
      if (step < 0 && !open.isEmpty()) {
        used -= open.element().bytes();
        open.remove().close();
      } else if (step >= 0 && step <= 100 - used) {
        open.add(budget.reserve("p" + step % 3, step));
        used += step;
      } else if (step >= 0) {
        assertThrows(BudgetExceededException.class, () -> budget.reserve("p", step));
      }
      assertEquals(used, budget.usedBytes());
      assertEquals(used, budget.usedByPurpose().values().stream().mapToLong(Long::longValue).sum());
    }
    open.forEach(ByteBudget.Reservation::close);
    assertEquals(0, budget.usedBytes());
  }
}
