package dev.penstock.bridge;

import dev.penstock.bridge.FileSystemType.Reach;
import java.util.List;

/**
 * A file system that is recognised. Numbers are those of linux/magic.h, and of S_MAGIC_* in GNU
 * coreutils' stat.c for file systems whose numbers stand in their own sources. What has no number
 * of its own is known by its name in the mount table only (magic 0).
 *
 * @param magic of {@code statfs}, or 0
 * @param name in the mount table
 * @param family whether longer names that go on with a dot or a digit are meant too
 * @param reach where its bytes are
 * @param direct whether O_DIRECT is worth trying
 */
record KnownFileSystem(long magic, String name, boolean family, Reach reach, boolean direct) {
  static final long FUSE_MAGIC = 0x65735546L;

  /**
   * The first that fits is taken. Network file systems with {@code direct}: the client's requests
   * then are as large as ours and many at a time, and neither read-ahead nor page cache is in the
   * way. Without: O_DIRECT is refused by default mounts, or means something else.
   */
  static final List<KnownFileSystem> ALL =
      List.of(
          network(0x6969L, "nfs"), // fs/nfs; nfs4 is the same
          network(0x0BD00BD0L, "lustre"),
          network(0x00c36400L, "ceph"),
          network(0x19830326L, "beegfs"), // S_MAGIC_FHGFS, its name before
          network(0L, "wekafs"), // WEKA publishes no number
          network(0x47504653L, "gpfs"),
          network(0L, "virtiofs"), // has FUSE's number
          network(0xAAD7AAEAL, "panfs"),
          network(0x20030528L, "pvfs2"), // OrangeFS; ORANGEFS_SUPER_MAGIC of fs/orangefs
          network(0x7461636fL, "ocfs2"),
          network(0x01161970L, "gfs2"),
          cachedNetwork(0x517BL, "smb"),
          cachedNetwork(0xFF534D42L, "cifs"),
          cachedNetwork(0xFE534D42L, "smb3"), // SMB2_SUPER_MAGIC
          cachedNetwork(0x01021997L, "9p"), // V9FS_MAGIC
          cachedNetwork(0x5346414FL, "afs"), // OpenAFS; the kernel's own is the next
          cachedNetwork(0x6B414653L, "kafs"),
          cachedNetwork(0x73757245L, "coda"),
          local(0L, "fuseblk"), // a block device behind a process: ntfs-3g, exfat-fuse
          local(0L, "fuse.fuse-overlayfs"), // layers of containers without root
          network(FUSE_MAGIC, "fuse"), // whatever else is behind a process: sshfs, JuiceFS, ...
          memory(0x01021994L, "tmpfs"),
          memory(0x858458f6L, "ramfs"),
          memory(0x958458f6L, "hugetlbfs"),
          local(0xEF53L, "ext4"), // ext2 and ext3 too, which its driver serves
          local(0x58465342L, "xfs"),
          local(0x9123683EL, "btrfs"),
          local(0x2FC12FC1L, "zfs"),
          local(0xF2F52010L, "f2fs"),
          local(0xca451a4eL, "bcachefs"),
          local(0x794c7630L, "overlay"),
          local(0x73717368L, "squashfs"),
          local(0xE0F5E1E2L, "erofs"),
          local(0x9660L, "iso9660"));

  private static KnownFileSystem network(long magic, String name) {
    return new KnownFileSystem(magic, name, true, Reach.NETWORK, true);
  }

  private static KnownFileSystem cachedNetwork(long magic, String name) {
    return new KnownFileSystem(magic, name, true, Reach.NETWORK, false);
  }

  private static KnownFileSystem memory(long magic, String name) {
    return new KnownFileSystem(magic, name, false, Reach.MEMORY, false);
  }

  private static KnownFileSystem local(long magic, String name) {
    return new KnownFileSystem(magic, name, false, Reach.LOCAL, true);
  }

  /** Whether a number alone says that it is this: FUSE's stands for many, also local ones. */
  boolean isNumbered(long found) {
    return magic != 0 && magic == found && found != FUSE_MAGIC;
  }

  /** Whether the mount table's {@code lower} is this one: {@code nfs4} and {@code fuse.x} too. */
  boolean isNamed(String lower) {
    return lower.equals(name)
        || (family
            && lower.startsWith(name)
            && (lower.charAt(name.length()) == '.'
                || Character.isDigit(lower.charAt(name.length()))));
  }

  FileSystemType type(String shown, String foundBy) {
    return new FileSystemType(shown, reach, direct, foundBy);
  }
}
