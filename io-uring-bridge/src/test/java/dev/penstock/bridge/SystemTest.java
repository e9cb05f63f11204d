package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Page locks, processors, clocks, figures and the report about them. */
class SystemTest {
  private final ByteBudget budget = ByteBudget.of(256 << 20);

  @BeforeEach
  void needsNativeCalls() {
    assumeTrue(Native.available(), () -> Native.missing().toString());
  }

  @Test
  void lockedMemoryIsCountedByTheKernel() throws IOException {
    try (NativeRegion region = NativeRegion.open(budget, "test", 1 << 20)) {
      long before = lockedByMlock();
      PageLock lock = PageLock.inMemory(region.segment());
      assumeTrue(lock instanceof PageLock.Mlock, lock::description);
      assertEquals(before + (1 << 20), lockedByMlock());
      assertTrue(ProcessMemory.lockedBytes() >= 1 << 20);
      lock.close();
      assertEquals(before, lockedByMlock());
      assertThrows(IllegalStateException.class, lock::close);
    }
    MemorySegment heap = MemorySegment.ofArray(new byte[10]);
    assertThrows(IllegalArgumentException.class, () -> PageLock.inMemory(heap));
  }

  /** Without what rings have pinned: the kernel lets go of that some time after a ring's end. */
  private static long lockedByMlock() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmLck:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("/proc/self/status has no VmLck");
  }

  @Test
  void impossibleLocksSayWhy() {
    MemorySegment nowhere = Native.memory(4096, 4096);
    try (PageLock lock = PageLock.inMemory(nowhere)) {
      assertInstanceOf(PageLock.None.class, lock);
      assertTrue(lock.description().contains("ENOMEM"), lock.description());
      assertTrue(lock.description().contains("ulimit -l"), lock.description());
    }
  }

  @Test
  void withoutCudaTheKernelLocks() {
    assumeTrue(CudaCalls.missing().isPresent(), "CUDA is here");
    try (NativeRegion region = NativeRegion.open(budget, "test", 1 << 16);
        PageLock lock = PageLock.forCuda(region.segment(), 0)) {
      assertTrue(lock.description().contains("libcuda.so.1"), lock.description());
    }
  }

  @Test
  void withCudaTheDriverLocks() {
    assumeTrue(CudaCalls.missing().isEmpty(), () -> CudaCalls.missing().toString());
    try (NativeRegion region = NativeRegion.open(budget, "test", 4 << 20)) {
      PageLock lock = PageLock.forCuda(region.segment(), 0);
      assertInstanceOf(PageLock.Cuda.class, lock, lock::description);
      assertTrue(CudaCalls.register(0, region.segment().address(), 4096).error() != 0);
      lock.close();
      PageLock.forCuda(region.segment(), 0).close();
    }
  }

  @Test
  void threadsCanBeConfined() throws Exception {
    BitSet all = CpuAffinity.current();
    assertEquals(CpuAffinity.count(), all.cardinality());
    assertTrue(CpuAffinity.count() >= 1);
    BitSet one = new BitSet();
    one.set(all.nextSetBit(0));
    BitSet[] seen = new BitSet[1];
    Thread confined =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    CpuAffinity.set(one);
                    seen[0] = CpuAffinity.current();
                  } catch (ErrnoException e) {
                    throw new IllegalStateException(e);
                  }
                });
    confined.join();
    assertEquals(one, seen[0]);
    assertEquals(all, CpuAffinity.current());
    ErrnoException none = assertThrows(ErrnoException.class, () -> CpuAffinity.set(new BitSet()));
    assertTrue(none.toString().contains("EINVAL"), none.toString());
  }

  @Test
  void theClockIsTheKernels() {
    long before = ProcessCalls.clockNanos(ProcessCalls.CLOCK_MONOTONIC);
    long ours = SystemClock.monotonicNanos();
    long after = ProcessCalls.clockNanos(ProcessCalls.CLOCK_MONOTONIC);
    assertTrue(before <= ours && ours <= after, "%d %d %d".formatted(before, ours, after));
    long cpu = SystemClock.processCpuNanos();
    assertTrue(cpu > 0 && SystemClock.processCpuNanos() >= cpu);
  }

  @Test
  void largeRegionsAreAlignedForHugePages() {
    // The kernel's counts are approximate and the JVM's own memory moves: hence the wide margins.
    long before = ProcessMemory.residentBytes();
    int bytes = 128 << 20;
    try (NativeRegion region = NativeRegion.open(budget, "test", bytes + 1)) {
      assertEquals(0, region.segment().address() % NativeRegion.HUGE_PAGE_BYTES);
      assertEquals(bytes + 4096, region.segment().byteSize());
      region.segment().fill((byte) 1);
      long resident = ProcessMemory.residentBytes();
      assertTrue(resident > before + bytes / 2, () -> before + " then " + resident);
      assertTrue(ProcessMemory.peakResidentBytes() > before + bytes / 2);
    }
    assertEquals(0, budget.usedBytes());
    long after = ProcessMemory.residentBytes();
    assertTrue(after < before + bytes / 2, () -> before + " then " + after);
    assertThrows(IllegalArgumentException.class, () -> NativeRegion.open(budget, "test", 0));
  }

  @Test
  void theReportNamesEveryFeature() {
    NativeSupport.report();
    int before = ProcessMemory.openDescriptors();
    Map<String, String> report = NativeSupport.report();
    assertEquals(before, ProcessMemory.openDescriptors());
    assertEquals(
        List.of(
            "native calls",
            "block reads",
            "locked memory",
            "huge pages",
            "shared regions",
            "control socket",
            "page cache residency",
            "cuda",
            "processors",
            "clock"),
        List.copyOf(report.keySet()));
    report.forEach(
        (feature, text) ->
            assertTrue(
                text.startsWith("ok") || text.startsWith("no: ") || text.startsWith("degraded: "),
                () -> feature + ": " + text));
  }
}
