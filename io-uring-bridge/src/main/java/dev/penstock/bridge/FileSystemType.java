package dev.penstock.bridge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

/**
 * The file system that holds a path: recognised by the magic number that {@code statfs(2)} gives,
 * and by its name in the mount table where the number does not tell (FUSE, systems that are not in
 * the kernel) or native calls are missing.
 *
 * @param name as in the mount table, such as {@code nfs4}, {@code fuse.sshfs}, {@code ext4}
 * @param reach where its bytes are
 * @param direct whether reads past the page cache are worth trying; a refusal is handled
 * @param foundBy how it was recognised, for people
 */
public record FileSystemType(String name, Reach reach, boolean direct, String foundBy) {
  /** Where the bytes of a file system are. */
  public enum Reach {
    /** On a device of this machine. */
    LOCAL,
    /** In this machine's memory. */
    MEMORY,
    /** On another machine, or behind a process: each call may be a round trip. */
    NETWORK
  }

  /** Those behind a process that hand on the numbers of what they show. */
  private static final Set<String> INODES_KEPT =
      Set.of("fuse.ceph-fuse", "fuse.fuse-overlayfs", "fuse.glusterfs", "fuse.juicefs");

  /**
   * The file system at {@code path}, which may be a directory. Costs a {@code statfs}, a round trip
   * on some network file systems: ask once for a mount or directory, not for each file.
   *
   * @throws IOException if there is nothing there, or its file system does not answer
   */
  public static FileSystemType of(Path path) throws IOException {
    if (!Native.available()) {
      return named(Files.getFileStore(path).type(), "the mount table");
    }
    long magic = FileCalls.fileSystemMagic(path);
    if (magic < 0) {
      throw new ErrnoException("statfs of " + path, magic);
    }
    return of(magic, path);
  }

  /** By the magic number of the file system at {@code path}, and the mount table if need be. */
  static FileSystemType of(long magic, Path path) {
    String number = "statfs, magic 0x%x".formatted(magic);
    for (KnownFileSystem known : KnownFileSystem.ALL) {
      if (known.isNumbered(magic)) {
        return known.type(known.name(), number);
      }
    }
    try {
      return named(Files.getFileStore(path).type(), number + " and the mount table");
    } catch (IOException e) {
      return named(magic == KnownFileSystem.FUSE_MAGIC ? "fuse" : "not known", number);
    }
  }

  /** By a name of the mount table; one that nobody knows is taken for a local file system. */
  static FileSystemType named(String name, String foundBy) {
    String lower = name.toLowerCase(Locale.ROOT);
    for (KnownFileSystem known : KnownFileSystem.ALL) {
      if (known.isNamed(lower)) {
        return known.type(name, foundBy);
      }
    }
    return new FileSystemType(name, Reach.LOCAL, true, foundBy);
  }

  /** Whether each call may be a round trip. */
  public boolean isNetwork() {
    return reach == Reach.NETWORK;
  }

  /**
   * Whether a file has the same inode number each time that it is looked up. File systems behind a
   * process (sshfs, rclone, most object stores) number files as the kernel asks for them, and anew
   * after it has forgotten them or they were mounted again.
   */
  public boolean keepsInodes() {
    String lower = name.toLowerCase(Locale.ROOT);
    boolean process = lower.equals("fuse") || lower.startsWith("fuse.");
    return !process || INODES_KEPT.contains(lower);
  }

  /** Whether the page cache is its storage. */
  public boolean isMemory() {
    return reach == Reach.MEMORY;
  }
}
