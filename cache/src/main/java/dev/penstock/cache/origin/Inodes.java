package dev.penstock.cache.origin;

import dev.penstock.bridge.FileSystemType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Whether a file's inode number tells it from another: file systems behind a process may number
 * files anew whenever the kernel has forgotten them. Each is asked once. Thread-safe.
 */
final class Inodes {
  /** Stands in a version for a number that tells nothing. */
  static final long NONE = 0;

  /** More than hosts have mounts; what is forgotten is asked again. */
  private static final int KNOWN_MAX = 256;

  private static final ConcurrentHashMap<Long, Boolean> KEPT = new ConcurrentHashMap<>();

  private Inodes() {}

  /** The number of the file at {@code path} on {@code device}, or {@link #NONE}. */
  static long telling(Path path, long device, long inode) {
    Boolean kept = KEPT.get(device);
    if (kept == null) {
      try {
        kept = FileSystemType.of(path).keepsInodes();
      } catch (IOException _) {
        return inode; // gone meanwhile: whoever opens it will say so
      }
      if (KEPT.size() >= KNOWN_MAX) {
        KEPT.clear();
      }
      KEPT.put(device, kept);
    }
    return kept ? inode : NONE;
  }
}
