package dev.penstock.bridge;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The file systems of mounts that files were opened in: asking costs a round trip on some network
 * file systems, so each mount is asked once.
 */
final class Mounts {
  /** More than hosts have; whoever mounts without end loses what is remembered, nothing else. */
  private static final int KNOWN_MAX = 256;

  /** A number is given again when its mount is gone, on kernels that have no unique ones. */
  private record Mount(long id, int deviceMajor, int deviceMinor) {}

  private static final ConcurrentHashMap<Mount, FileSystemType> KNOWN = new ConcurrentHashMap<>();

  private Mounts() {}

  /** The file system of an open file. */
  static FileSystemType typeOf(Path path, FileCalls.Stat stat) throws IOException {
    Mount mount = new Mount(stat.mountId(), stat.deviceMajor(), stat.deviceMinor());
    FileSystemType known = KNOWN.get(mount);
    if (known == null) {
      known = FileSystemType.of(path);
      if (KNOWN.size() >= KNOWN_MAX) {
        KNOWN.clear();
      }
      KNOWN.put(mount, known);
    }
    return known;
  }
}
