package dev.penstock.bridge;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process holds, as Linux counts it; for metrics and for tests of leaks. */
public final class ProcessMemory {
  private ProcessMemory() {}

  /** Resident memory in bytes ({@code VmRSS}), or -1 where there is no procfs. */
  public static long residentBytes() {
    return statusBytes("VmRSS:");
  }

  /** The largest {@link #residentBytes} so far ({@code VmHWM}), or -1. */
  public static long peakResidentBytes() {
    return statusBytes("VmHWM:");
  }

  /** Memory that can't be paged out, in bytes ({@code VmLck} plus {@code VmPin}), or -1. */
  public static long lockedBytes() {
    long locked = statusBytes("VmLck:");
    return locked < 0 ? -1 : locked + Math.max(0, statusBytes("VmPin:"));
  }

  private static long statusBytes(String name) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith(name)) {
          String[] words = line.substring(name.length()).strip().split(" ", 2);
          return Long.parseLong(words[0]) << 10;
        }
      }
    } catch (IOException e) {
      // No procfs.
    }
    return -1;
  }

  /** How many descriptors this process has open, or -1 where there is no procfs. */
  public static int openDescriptors() {
    Path folder = Path.of("/proc/self/fd");
    if (!Files.isDirectory(folder)) {
      return -1;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      int count = 0;
      for (Path ignored : entries) {
        count++;
      }
      // The listing itself has one open.
      return count - 1;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
