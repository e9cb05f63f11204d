package dev.penstock.bridge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How large one request to a block device should be. Requests beyond the device's limits, and
 * beyond about 512 KiB in any case (its list of segments runs out), are split by the kernel on
 * worker threads, which costs more than splitting them here.
 */
final class DeviceLimits {
  static final int REQUEST_BYTES_MAX = 512 << 10;
  private static final int REQUEST_BYTES_MIN = 64 << 10;

  private static final ConcurrentHashMap<Long, Integer> KNOWN = new ConcurrentHashMap<>();

  private DeviceLimits() {}

  /** Bytes per request for the device with these numbers; a power of two. */
  static int requestBytes(int major, int minor) {
    return KNOWN.computeIfAbsent(
        (long) major << 32 | minor,
        ignored -> find(Path.of("/sys/dev/block/" + major + ":" + minor)));
  }

  private static int find(Path device) {
    try {
      Path folder = device.toRealPath();
      // A partition has no queue of its own: its disk is the folder above.
      Path queue =
          folder.resolve(Files.isDirectory(folder.resolve("queue")) ? "queue" : "../queue");
      long sectors = number(queue.resolve("max_sectors_kb")) << 10;
      long segments = number(queue.resolve("max_segments")) * NativeRegion.PAGE_BYTES;
      long limit = Math.clamp(Math.min(sectors, segments), REQUEST_BYTES_MIN, REQUEST_BYTES_MAX);
      return Math.toIntExact(Long.highestOneBit(limit));
    } catch (IOException | NumberFormatException e) {
      // A network file system, or no sysfs.
      return REQUEST_BYTES_MAX;
    }
  }

  private static long number(Path file) throws IOException {
    return Long.parseLong(Files.readString(file).strip());
  }
}
