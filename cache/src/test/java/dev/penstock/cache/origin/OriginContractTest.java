package dev.penstock.cache.origin;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.penstock.bridge.BlockReaderConfig;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.origin.OriginChecks.Fixture;
import dev.penstock.cache.origin.OriginException.Kind;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every origin keeps, over every origin. */
@Timeout(60)
final class OriginContractTest {
  private static final int BLOCK = 8192;

  @TempDir Path directory;

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  @ParameterizedTest
  @EnumSource(ContractStore.class)
  void findsAndLists(ContractStore store) throws Exception {
    try (Fixture fixture = store.open(directory)) {
      OriginChecks.findsAndLists(fixture);
    }
  }

  @ParameterizedTest
  @EnumSource(ContractStore.class)
  void readsRangesIntoBlocks(ContractStore store) throws Exception {
    try (Fixture fixture = store.open(directory)) {
      OriginChecks.readsRangesIntoBlocks(fixture);
    }
  }

  @ParameterizedTest
  @EnumSource(ContractStore.class)
  void aReplacedObjectIsRefusedByName(ContractStore store) throws Exception {
    try (Fixture fixture = store.open(directory)) {
      OriginChecks.aReplacedObjectIsRefusedByName(fixture);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = ContractStore.class,
      names = {
        "FILE_AUTO",
        "FILE_DIRECT",
        "FILE_BUFFERED",
        "MOUNT_AUTO",
        "MOUNT_BUFFERED",
        "SSHFS_AUTO",
        "SSHFS_BUFFERED",
        "CEPHFS_AUTO",
        "CEPHFS_BUFFERED"
      })
  void aFileCutWhileOpenIsNoticed(ContractStore store) throws Exception {
    try (Fixture fixture = store.open(directory);
        Arena arena = Arena.ofConfined()) {
      StoredObject object =
          fixture.origin().find(fixture.put("d/x", bytes(3 * BLOCK))).orElseThrow();
      try (OpenObject open = fixture.origin().open(object)) {
        Path path = Path.of(object.location());
        Files.write(
            fixture instanceof ContractStore.Mounted mounted
                ? mounted.behind(object.location())
                : path,
            bytes(BLOCK));
        MemorySegment slab = arena.allocate(2L * BLOCK, 4096);
        OriginException cut =
            assertThrows(OriginException.class, () -> open.readNow(BLOCK / 2, slab, 0, BLOCK));
        assertEquals(Kind.CHANGED, cut.kind());
      }
    }
  }

  /** While it is away, the directory below it shows, which has no such file. */
  @ParameterizedTest
  @EnumSource(
      value = ContractStore.class,
      names = {"MOUNT_AUTO", "MOUNT_BUFFERED", "SSHFS_AUTO", "SSHFS_BUFFERED"})
  void aMountThatComesAgainIsReadOn(ContractStore store) throws Exception {
    byte[] bytes = bytes(3 * BLOCK);
    try (ContractStore.Mounted fixture = (ContractStore.Mounted) store.open(directory);
        Arena arena = Arena.ofShared()) {
      StoredObject object = fixture.origin().find(fixture.put("d/x", bytes)).orElseThrow();
      MemorySegment slab = arena.allocate(2L * BLOCK, 4096);
      try (OpenObject open = fixture.origin().open(object)) {
        assertEquals(BLOCK, open.readNow(0, slab, 0, BLOCK));
        fixture.unmount();
        CompletableFuture<Integer> reading = new CompletableFuture<>();
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    reading.complete(open.readNow(BLOCK, slab, 0, 2 * BLOCK));
                  } catch (OriginException failure) {
                    reading.completeExceptionally(failure);
                  }
                });
        fixture.mountAgain();
        assertEquals(2 * BLOCK, reading.get());
        assertArrayEquals(
            Arrays.copyOfRange(bytes, BLOCK, 3 * BLOCK), slab.toArray(ValueLayout.JAVA_BYTE));
        StoredObject again = fixture.origin().find(object.location()).orElseThrow();
        assertEquals(object.version(), again.version());
      }
    }
  }

  /** Whoever opens what another has open waits for the mount like that one does. */
  @ParameterizedTest
  @EnumSource(
      value = ContractStore.class,
      names = {"MOUNT_AUTO", "SSHFS_AUTO"})
  void aMountThatComesAgainIsOpenedTwice(ContractStore store) throws Exception {
    try (ContractStore.Mounted fixture = (ContractStore.Mounted) store.open(directory)) {
      StoredObject object = fixture.origin().find(fixture.put("x", bytes(BLOCK))).orElseThrow();
      try (OpenObject first = fixture.origin().open(object)) {
        assertEquals(object, first.object());
        fixture.unmount();
        CompletableFuture<OpenObject> opening = new CompletableFuture<>();
        Thread opener =
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        opening.complete(fixture.origin().open(object));
                      } catch (OriginException failure) {
                        opening.completeExceptionally(failure);
                      }
                    });
        while (opener.isAlive() && opener.getState() != Thread.State.TIMED_WAITING) {
          Thread.onSpinWait(); // until it rests before its next attempt
        }
        fixture.mountAgain();
        opening.get().close();
      }
    }
  }

  /** sshfs and others number files as they are asked for: that is no change. */
  @ParameterizedTest
  @EnumSource(
      value = ContractStore.class,
      names = {"MOUNT_AUTO", "SSHFS_AUTO"})
  void aFileWithANewNumberBehindAProcessIsTheSame(ContractStore store) throws Exception {
    try (ContractStore.Mounted fixture = (ContractStore.Mounted) store.open(directory)) {
      StoredObject object = fixture.origin().find(fixture.put("x", bytes(BLOCK))).orElseThrow();
      Path path = fixture.behind(object.location());
      FileTime modified = Files.getLastModifiedTime(path);
      fixture.put("x", bytes(BLOCK)); // the same bytes in another file
      Files.setLastModifiedTime(path, modified);
      StoredObject again = fixture.origin().find(object.location()).orElseThrow();
      assertEquals(object.version(), again.version());
      fixture.origin().open(object).close();
    }
  }

  /** O_DIRECT is taken by it: nothing of what was read stays in the page cache. */
  @Test
  void cephIsReadPastThePageCache() throws Exception {
    try (Fixture fixture = ContractStore.CEPHFS_AUTO.open(directory);
        FileOrigin buffered =
            FileOrigin.open(BlockReaderConfig.of(ByteBudget.of(64 << 20)), ReadMode.BUFFERED)) {
      OriginChecks.readsRangesIntoBlocks(fixture);
      StoredObject object = buffered.find(fixture.location("d/x")).orElseThrow();
      try (OpenObject open = buffered.open(object)) {
        assertFalse(open.isResident());
      }
    }
  }
}
