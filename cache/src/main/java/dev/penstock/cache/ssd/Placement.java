package dev.penstock.cache.ssd;

import dev.penstock.bridge.FileSystemType;
import java.io.IOException;
import java.nio.file.Path;

/** Whether the file system of a directory suits a cache of blocks. */
public final class Placement {
  private static final System.Logger LOG = System.getLogger(Placement.class.getName());

  private Placement() {}

  /**
   * Refuses a directory on a network mount: reading it is no faster than reading the data, and two
   * hosts may both believe that it is theirs, as locks of many such mounts end at the host. Warns
   * of one in memory.
   *
   * @param networkToo whether the user has asked for it all the same
   * @throws IOException saying what was found and what would do
   */
  public static void check(Path directory, boolean networkToo) throws IOException {
    FileSystemType type = FileSystemType.of(SsdStore.existing(directory));
    String against = against(type);
    if (against.isEmpty()) {
      return;
    }
    if (type.isNetwork() && !networkToo) {
      throw new IOException(
          "--cache-dir %s is %s; name a directory on a disk of this host, or say --cache-on-network and give each host a directory of its own"
              .formatted(directory, against));
    }
    LOG.log(System.Logger.Level.WARNING, "--cache-dir {0} is {1}", directory, against);
  }

  /** What is to be said against a cache on such a file system; empty if nothing is. */
  static String against(FileSystemType type) {
    return switch (type.reach()) {
      case NETWORK ->
          "on a network mount (%s): no faster than the data itself, and another host could use it at the same time and spoil it"
              .formatted(type.name());
      case MEMORY ->
          "in memory (%s): what it holds is not counted in --memory and is gone with the machine"
              .formatted(type.name());
      case LOCAL -> "";
    };
  }
}
