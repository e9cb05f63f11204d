package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Ids are dense, stable and shared; the dictionary is bounded. */
class FieldNamesTest {
  @Test
  void idsCountFromZero() {
    FieldNames names = new FieldNames();
    for (int i = 0; i < 1000; i++) {
      assertEquals(i, names.intern("name" + i));
    }
    for (int i = 0; i < 1000; i++) {
      assertEquals(i, names.idOf("name" + i));
      assertEquals("name" + i, names.name(i));
    }
    assertEquals(-1, names.idOf("other"));
    assertEquals(1000, names.count());
    assertThrows(IndexOutOfBoundsException.class, () -> names.name(1000));
  }

  @Test
  void isBoundedInNamesAndBytes() {
    FieldNames names = new FieldNames();
    for (int i = 0; i < FieldNames.MAX_NAMES; i++) {
      assertEquals(i, names.intern("n" + i));
    }
    assertEquals(-1, names.intern("one more"));
    assertEquals(7, names.intern("n7"));
    FieldNames large = new FieldNames();
    int taken = 0;
    while (large.intern(taken + "x".repeat(4000)) >= 0) {
      taken++;
    }
    assertTrue(taken > 1000 && taken <= FieldNames.MAX_NAME_BYTES / 4000, taken + " taken");
  }

  @Test
  void threadsAgree() throws InterruptedException {
    FieldNames names = new FieldNames();
    AtomicReference<String> wrong = new AtomicReference<>("");
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      int from = t * 37;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 2000; i++) {
                      String name = "name" + (i + from) % 500;
                      int id = names.intern(name);
                      if (id != names.idOf(name) || !names.name(id).equals(name)) {
                        wrong.set(name);
                      }
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals("", wrong.get());
    assertEquals(500, names.count());
  }
}
