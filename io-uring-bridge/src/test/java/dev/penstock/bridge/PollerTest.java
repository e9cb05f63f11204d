package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PollerTest {
  @BeforeEach
  void needsNativeCalls() {
    assumeTrue(Native.available(), () -> Native.missing().toString());
  }

  @Test
  void tellsWhichOneIsReady() throws IOException {
    try (Notifier first = Notifier.create();
        Notifier second = Notifier.create();
        Poller poller = Poller.of(first.descriptor(), second.descriptor(), -1)) {
      assertEquals(0, poller.await(0));
      assertEquals(0, poller.await(3));
      second.signal();
      assertEquals(1, poller.await(-1));
      assertFalse(poller.isReady(0));
      assertTrue(poller.isReady(1));
      assertFalse(poller.isReady(2));
      poller.set(1, -1);
      poller.set(2, first.descriptor());
      assertEquals(0, poller.await(0));
      first.signal();
      assertEquals(2, poller.await(1000));
    }
    assertThrows(IllegalArgumentException.class, Poller::of);
  }

  @Test
  void anotherThreadEndsTheWait() throws Exception {
    try (Notifier notifier = Notifier.create();
        Poller poller = Poller.of(notifier.descriptor())) {
      Thread signaller = Thread.ofPlatform().start(notifier::signal);
      assertEquals(1, poller.await(20_000));
      signaller.join();
      assertEquals(1, notifier.drain());
      assertEquals(0, notifier.drain());
    }
  }

  @Test
  void closedNotifiersRefuse() throws IOException {
    Notifier notifier = Notifier.create();
    notifier.close();
    assertThrows(IllegalStateException.class, notifier::signal);
    assertThrows(IllegalStateException.class, notifier::drain);
    assertThrows(IllegalStateException.class, notifier::close);
    assertThrows(IOException.class, () -> Notifier.fromDescriptor(-1));
    int before = ProcessMemory.openDescriptors();
    int other = FileCalls.open(Path.of("/dev/null"), FileCalls.O_CLOEXEC);
    IOException refused = assertThrows(IOException.class, () -> Notifier.fromDescriptor(other));
    assertTrue(refused.toString().contains("/dev/null, not an eventfd"), refused.toString());
    assertEquals(before, ProcessMemory.openDescriptors());
  }

  @Test
  void unknownProcessesAreNamed() {
    ErrnoException error =
        assertThrows(ErrnoException.class, () -> PidWatch.open(Integer.MAX_VALUE));
    assertTrue(error.toString().contains("ESRCH"), error.toString());
  }
}
