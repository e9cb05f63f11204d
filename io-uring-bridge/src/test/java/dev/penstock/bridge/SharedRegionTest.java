package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedRegionTest {
  private static final int BYTES = 1 << 20;

  @TempDir Path directory;

  @BeforeEach
  void needsNativeCalls() {
    assumeTrue(Native.available(), () -> Native.missing().toString());
  }

  /** A memfd as a careless or hostile peer might make it. */
  private static int memfd(long bytes, int seals) {
    int fd =
        MemoryCalls.memfdCreate("test", MemoryCalls.MFD_CLOEXEC | MemoryCalls.MFD_ALLOW_SEALING);
    assertTrue(fd >= 0);
    assertEquals(0, MemoryCalls.ftruncate(fd, bytes));
    assertEquals(0, seals == 0 ? 0 : MemoryCalls.addSeals(fd, seals));
    return fd;
  }

  private static int duplicate(int fd) {
    int fDupfdCloexec = 1030;
    return MemoryCalls.fcntl(fd, fDupfdCloexec, 0);
  }

  @Test
  void bothSidesSeeTheSameBytes() throws IOException {
    int before = ProcessMemory.openDescriptors();
    SharedRegion made = SharedRegion.create("test", BYTES, SharedRegion.Pages.ORDINARY);
    assertEquals(BYTES, made.segment().byteSize());
    assertEquals(BYTES, made.presentBytes());
    SharedRegion joined = SharedRegion.fromDescriptor(duplicate(made.descriptor()), BYTES);
    made.segment().set(ValueLayout.JAVA_LONG, BYTES - 8, 42L);
    assertEquals(42L, joined.segment().get(ValueLayout.JAVA_LONG, BYTES - 8));
    joined.segment().set(ValueLayout.JAVA_LONG, 0, 43L);
    made.close();
    assertEquals(43L, joined.segment().get(ValueLayout.JAVA_LONG, 0));
    joined.close();
    assertEquals(before, ProcessMemory.openDescriptors());
    assertThrows(IllegalStateException.class, made::close);
    assertThrows(IllegalStateException.class, made::descriptor);
  }

  @Test
  void madeRegionsCannotBeResizedOrUnsealed() throws IOException {
    try (SharedRegion region = SharedRegion.create("test", BYTES, SharedRegion.Pages.ORDINARY)) {
      assertEquals(-Errno.EPERM, MemoryCalls.ftruncate(region.descriptor(), 4096));
      assertEquals(-Errno.EPERM, MemoryCalls.ftruncate(region.descriptor(), 2 * BYTES));
      int write = 8;
      assertEquals(-Errno.EPERM, MemoryCalls.addSeals(region.descriptor(), write));
    }
  }

  @Test
  void whatCouldShrinkIsRefused() throws IOException {
    int before = ProcessMemory.openDescriptors();
    int shrink = MemoryCalls.F_SEAL_SHRINK;
    int all = shrink | MemoryCalls.F_SEAL_GROW | MemoryCalls.F_SEAL_SEAL;
    for (int seals : new int[] {0, shrink, all & ~shrink, all & ~MemoryCalls.F_SEAL_SEAL}) {
      int fd = memfd(BYTES, seals);
      assertRefused(fd, BYTES, "seals are");
    }
    assertRefused(memfd(BYTES, all), BYTES + 1, "announced");
    assertRefused(memfd(BYTES, all), 0, "announced");
    Path file = Files.write(directory.resolve("file"), new byte[BYTES]);
    assertRefused(FileCalls.open(file, FileCalls.O_CLOEXEC), BYTES, "not a memfd");
    assertEquals(before, ProcessMemory.openDescriptors());
    SharedRegion.fromDescriptor(memfd(BYTES, all), BYTES).close();
  }

  private static void assertRefused(int fd, long bytes, String reason) {
    RegionRefusedException refused =
        assertThrows(RegionRefusedException.class, () -> SharedRegion.fromDescriptor(fd, bytes));
    assertTrue(refused.toString().contains(reason), refused.toString());
  }

  @Test
  void hugeRegionsOrAReason() throws IOException {
    long bytes = 4L << 20;
    try (SharedRegion region =
        SharedRegion.create("test", bytes, SharedRegion.Pages.RESERVED_HUGE)) {
      assertEquals(bytes, region.segment().byteSize());
    } catch (ErrnoException e) {
      assertTrue(e.toString().contains("vm.nr_hugepages"), e.toString());
      abort("no reserved huge pages here: " + e);
    }
  }
}
