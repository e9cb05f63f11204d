package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.penstock.bridge.FileSystemType.Reach;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which file system is recognised as what, by number and by name. */
class FileSystemTypeTest {
  @TempDir Path directory;

  /** Names as mount tables have them. */
  @ParameterizedTest
  @CsvSource({
    "nfs,NETWORK,true",
    "nfs4,NETWORK,true",
    "lustre,NETWORK,true",
    "ceph,NETWORK,true",
    "beegfs,NETWORK,true",
    "wekafs,NETWORK,true",
    "gpfs,NETWORK,true",
    "virtiofs,NETWORK,true",
    "fuse,NETWORK,true",
    "fuse.sshfs,NETWORK,true",
    "fuse.juicefs,NETWORK,true",
    "fuse.fuse-overlayfs,LOCAL,true",
    "fuseblk,LOCAL,true",
    "cifs,NETWORK,false",
    "smb3,NETWORK,false",
    "9p,NETWORK,false",
    "tmpfs,MEMORY,false",
    "ext4,LOCAL,true",
    "ext3,LOCAL,true",
    "xfs,LOCAL,true",
    "btrfs,LOCAL,true",
    "zfs,LOCAL,true",
    "overlay,LOCAL,true",
    "nfsd,LOCAL,true",
    "somethingnew,LOCAL,true"
  })
  void namesAreKnown(String name, Reach reach, boolean direct) {
    FileSystemType type = FileSystemType.named(name, "test");
    assertEquals(name, type.name());
    assertEquals(reach, type.reach());
    assertEquals(direct, type.direct());
  }

  /** Numbers as the kernel gives them, where the number alone says it. */
  @ParameterizedTest
  @CsvSource({
    "0x6969,nfs,NETWORK",
    "0x0BD00BD0,lustre,NETWORK",
    "0x00C36400,ceph,NETWORK",
    "0x19830326,beegfs,NETWORK",
    "0x47504653,gpfs,NETWORK",
    "0xFF534D42,cifs,NETWORK",
    "0xFE534D42,smb3,NETWORK",
    "0x01021997,9p,NETWORK",
    "0x01021994,tmpfs,MEMORY",
    "0xEF53,ext4,LOCAL",
    "0x58465342,xfs,LOCAL",
    "0x9123683E,btrfs,LOCAL",
    "0x2FC12FC1,zfs,LOCAL",
    "0x794C7630,overlay,LOCAL"
  })
  void numbersAreKnown(String magic, String name, Reach reach) {
    FileSystemType type = FileSystemType.of(Long.decode(magic), Path.of("/"));
    assertEquals(name, type.name());
    assertEquals(reach, type.reach());
    assertTrue(type.foundBy().startsWith("statfs"), type::toString);
  }

  /** Of those behind a process only the ones that are known to. */
  @ParameterizedTest
  @CsvSource({
    "ext4,true",
    "nfs4,true",
    "ceph,true",
    "fuseblk,true",
    "virtiofs,true",
    "fuse.ceph-fuse,true",
    "fuse.sshfs,false",
    "fuse,false",
    "fuse.rclone,false"
  })
  void someFileSystemsNumberFilesAnew(String name, boolean kept) {
    assertEquals(kept, FileSystemType.named(name, "test").keepsInodes());
  }

  @Test
  void noNumberStandsForTwo() {
    Set<Long> seen = new HashSet<>();
    for (KnownFileSystem known : KnownFileSystem.ALL) {
      assertTrue(known.magic() == 0 || seen.add(known.magic()), known::toString);
    }
  }

  /** An unknown number is looked up in the mount table, by the path. */
  @Test
  void whatHasNoKnownNumberIsNamedByTheMountTable() throws IOException {
    FileSystemType type = FileSystemType.of(0x12345678L, Path.of("/proc"));
    assertEquals("proc", type.name());
    assertTrue(type.foundBy().contains("mount table"), type::toString);
  }

  /** Number and name agree where this machine has the file system. */
  @Test
  void bothWaysAgreeHere() throws IOException {
    for (Path path : new Path[] {directory, Path.of("/dev/shm"), Path.of("/")}) {
      assumeTrue(Files.exists(path), path + " is missing");
      FileSystemType type = FileSystemType.of(path);
      FileSystemType twin = FileSystemType.named(Files.getFileStore(path).type(), "twin");
      assertEquals(twin.reach(), type.reach(), type + " " + twin);
      assertEquals(twin.direct(), type.direct(), type + " " + twin);
    }
    assertTrue(FileSystemType.of(Path.of("/dev/shm")).isMemory());
    assertFalse(FileSystemType.of(Path.of("/dev/shm")).isNetwork());
  }

  @Test
  void nothingThereIsAnError() {
    Path nowhere = directory.resolve("nowhere");
    IOException missing = assertThrows(IOException.class, () -> FileSystemType.of(nowhere));
    assertTrue(String.valueOf(missing.getMessage()).contains("nowhere"), missing::toString);
  }
}
