package dev.penstock.cache;

import dev.penstock.cache.ssd.SsdStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Where blocks are kept below memory.
 *
 * @param directories one on each device; empty for no SSD tier
 * @param key what blocks are encrypted with, if they are
 * @param limits what each session may take of it
 * @param networkToo whether directories on network mounts are accepted
 */
public record SsdConfig(
    List<Directory> directories, Optional<CacheKey> key, CachePolicy limits, boolean networkToo) {
  /** No SSD tier. */
  public static final SsdConfig NONE = of(List.of());

  /** Blocks that may be on their way to the devices, and so in memory beside the pool's. */
  static final int WRITES = 32;

  /**
   * A directory of its own on a device, made if it is missing, and bytes of the device that the
   * cache may take.
   *
   * @param bytes if empty, what it has already, else nine tenths of what is free
   */
  public record Directory(Path path, OptionalLong bytes) {
    /** Checks the size. */
    public Directory {
      if (bytes.isPresent() && bytes.getAsLong() <= 0) {
        throw new IllegalArgumentException(
            "--cache-dir %s: size must be positive, was %d".formatted(path, bytes.getAsLong()));
      }
    }
  }

  /** These directories, nothing encrypted, no limits. */
  public static SsdConfig of(List<Directory> directories) {
    return new SsdConfig(directories, Optional.empty(), CachePolicy.NONE, false);
  }

  /** The same with encryption. */
  public SsdConfig withKey(Optional<CacheKey> value) {
    return new SsdConfig(directories, value, limits, networkToo);
  }

  /** The same with limits; the dataset in them has no meaning. */
  public SsdConfig withLimits(CachePolicy value) {
    return new SsdConfig(directories, key, value, networkToo);
  }

  /** The same with directories on network mounts accepted or refused. */
  public SsdConfig withNetworkToo(boolean value) {
    return new SsdConfig(directories, key, limits, value);
  }

  /** What a directory is, or would be, as a device, in words; changes nothing in it. */
  public static String inspect(Path directory) {
    return SsdStore.inspect(directory);
  }

  /** Refuses one directory twice. */
  public SsdConfig {
    directories = List.copyOf(directories);
    Set<Path> seen = new HashSet<>();
    for (Directory directory : directories) {
      if (!seen.add(directory.path().toAbsolutePath().normalize())) {
        throw new IllegalArgumentException(
            "--cache-dir %s is given twice; name each device once".formatted(directory.path()));
      }
    }
  }

  /**
   * The same with the size of every directory fixed: as asked, as it is, or most of what is free.
   *
   * @throws IOException if that cannot be told
   */
  public SsdConfig sized(int blockBytes) throws IOException {
    List<Directory> sized = new ArrayList<>();
    for (Directory directory : directories) {
      long bytes = SsdStore.sizeBytes(directory.path(), directory.bytes(), blockBytes);
      sized.add(new Directory(directory.path(), OptionalLong.of(bytes)));
    }
    return new SsdConfig(sized, key, limits, networkToo);
  }

  /**
   * Memory that the directories take of the budget beside the pool; of those whose size is fixed.
   */
  public long memoryBytes(int blockBytes) {
    long bytes = isOn() ? (long) WRITES * blockBytes : 0;
    for (Directory directory : directories) {
      bytes += SsdStore.memoryBytes(directory.bytes().orElse(0), blockBytes, key.isPresent());
      bytes += key.isPresent() ? (WRITES + 4L) * blockBytes : 0;
    }
    return bytes;
  }

  /** Whether there is an SSD tier. */
  public boolean isOn() {
    return !directories.isEmpty();
  }
}
