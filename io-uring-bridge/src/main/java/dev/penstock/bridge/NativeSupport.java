package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What of the kernel this process can use, and for each missing feature the reason. */
public final class NativeSupport {
  private static final long PROBE_BYTES = 8 << 20;

  private NativeSupport() {}

  /**
   * Feature name to "ok ..." or to the reason why its twin is used and what would fix it, in a
   * fixed order. Each feature is tried, which takes some milliseconds and leaves nothing behind.
   */
  public static Map<String, String> report() {
    Map<String, String> report = new LinkedHashMap<>();
    Optional<String> missing = Native.missing();
    report.put("native calls", missing.map(reason -> "no: " + reason).orElse("ok"));
    if (missing.isPresent()) {
      report.put("block reads", "no io_uring: JDK channels on threads are used");
      report.put("shared regions", "no: nothing else serves a sidecar");
      return Collections.unmodifiableMap(report);
    }
    report.put("block reads", blockReads());
    report.put("locked memory", lockedMemory());
    report.put("huge pages", hugePages());
    report.put("shared regions", sharedRegions());
    report.put("control socket", controlSocket());
    report.put("page cache residency", residency());
    report.put("cuda", CudaCalls.missing().map(reason -> "no: " + reason).orElse("ok"));
    report.put("processors", "ok, %d may be used".formatted(CpuAffinity.count()));
    report.put("clock", "ok, CLOCK_MONOTONIC by " + SystemClock.description());
    return Collections.unmodifiableMap(report);
  }

  private static String blockReads() {
    ByteBudget budget = ByteBudget.of(2 * PROBE_BYTES);
    try (NativeRegion region = NativeRegion.open(budget, "probe", PROBE_BYTES);
        BlockReader reader =
            BlockReader.open(BlockReaderConfig.of(budget).withFixedRegion(region.segment()))) {
      String text = reader.description();
      boolean whole = text.startsWith("io_uring") && !text.contains("no ");
      return (whole ? "ok, " : "degraded: ") + text;
    } catch (IOException e) {
      return "no: " + e.getMessage();
    }
  }

  private static String lockedMemory() {
    ByteBudget budget = ByteBudget.of(PROBE_BYTES);
    try (NativeRegion region = NativeRegion.open(budget, "probe", PROBE_BYTES);
        PageLock lock = PageLock.inMemory(region.segment())) {
      return lock instanceof PageLock.Mlock
          ? "ok, mlock of %d MiB works".formatted(PROBE_BYTES >> 20)
          : "no: " + lock.description();
    }
  }

  private static String hugePages() {
    String place = "/sys/kernel/mm/transparent_hugepage/enabled";
    String fix = "echo madvise > " + place;
    try {
      String setting = Files.readString(Path.of(place)).strip();
      return setting.contains("[never]")
          ? "no: transparent huge pages are off, %s turns them on".formatted(fix)
          : "ok, transparent: " + setting;
    } catch (IOException e) {
      return "no: this kernel has no transparent huge pages";
    }
  }

  private static String sharedRegions() {
    try (SharedRegion made =
        SharedRegion.create("penstock-probe", 1 << 16, SharedRegion.Pages.ORDINARY)) {
      MemorySegment memory = made.segment();
      memory.set(Native.LONG, 0, 1);
      return "ok, sealed memfd";
    } catch (IOException e) {
      return "no: " + e.getMessage();
    }
  }

  private static String controlSocket() {
    try {
      ControlSocket[] pair = ControlSocket.pair();
      try (ControlSocket left = pair[0];
          ControlSocket right = pair[1]) {
        int fd = left.peerPidfd();
        if (fd >= 0) {
          FileCalls.close(fd);
        }
        try (PidWatch watch = PidWatch.ofPeer(right)) {
          String how = fd >= 0 ? "SO_PEERPIDFD" : "pidfd_open";
          return watch.hasEnded() ? "no: the probe is dead" : "ok, deaths are seen by " + how;
        }
      }
    } catch (IOException e) {
      return "no: " + e.getMessage();
    }
  }

  private static String residency() {
    int fd = FileCalls.open(Path.of("/proc/self/exe"), FileCalls.O_CLOEXEC);
    if (fd < 0) {
      return "no: /proc/self/exe cannot be opened, " + Errno.name(fd);
    }
    try {
      long pages = FileCalls.cachedPages(fd);
      return pages >= 0
          ? "ok, cachestat"
          : "no: cachestat failed with %s (Linux 6.5 has it), files count as not cached"
              .formatted(Errno.name(pages));
    } finally {
      FileCalls.close(fd);
    }
  }
}
