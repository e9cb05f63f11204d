package dev.penstock.cache.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

final class AllowanceTest {
  /** Whatever is asked for and when, takes stay within the share of what succeeded. */
  @Property(tries = 200)
  void neverMoreThanItsShare(
      @ForAll @Size(min = 1, max = 400) List<@IntRange(max = 9) Integer> events) {
    Allowance allowance = new Allowance(0, 0.02, 16);
    int succeeded = 0;
    int taken = 0;
    for (int event : events) {
      if (event == 0) {
        taken += allowance.take() ? 1 : 0;
      } else {
        allowance.succeeded();
        succeeded++;
      }
      assertTrue(taken <= 0.02 * succeeded + 1e-9, taken + " of " + succeeded);
    }
  }

  @Test
  void savesUpToItsBoundOnly() {
    Allowance allowance = new Allowance(0, 1, 3);
    for (int i = 0; i < 10; i++) {
      allowance.succeeded();
    }
    int taken = 0;
    while (allowance.take()) {
      taken++;
    }
    assertEquals(3, taken);
    assertFalse(allowance.take());
  }

  @Test
  void whoMustLeaveSomeGetsNoneOfThose() {
    Allowance allowance = new Allowance(0, 1, 3);
    allowance.succeeded();
    allowance.succeeded();
    assertFalse(allowance.take(2));
    allowance.succeeded();
    assertTrue(allowance.take(2));
    assertFalse(allowance.take(2));
    assertTrue(allowance.take());
    assertTrue(allowance.take());
    assertFalse(allowance.take());
  }
}
