package dev.penstock.cache.ssd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.BlockPool;
import dev.penstock.bridge.ByteBudget;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One device: failures, wrong bytes, keys, layouts, owners. */
@Timeout(60)
final class SsdDeviceTest {
  private static final int SLOTS = 70;

  @TempDir Path directory;

  private static RecordingFile file() {
    return new RecordingFile(DeviceHarness.emptyMedium(SLOTS));
  }

  @Test
  void wrongBytesAreDroppedAndWrittenAnew() throws Exception {
    RecordingFile file = file();
    SuperBlock layout = SsdStore.fresh(DeviceHarness.BLOCK, SLOTS, Optional.empty());
    try (DeviceHarness harness = new DeviceHarness(file, SLOTS, Optional.empty())) {
      assertTrue(harness.write(3));
      assertEquals(1, harness.read(3));
      file.flip(layout.offset(0) + 100);
      assertEquals(0, harness.read(3));
      assertEquals(-1, harness.read(3));
      assertEquals(1, harness.device.stats().corrupt());
      assertTrue(harness.write(3), "in another slot");
      assertEquals(1, harness.read(3));
    }
  }

  @Test
  void wrongBytesInAHeaderMakeAnEmptySlot() throws Exception {
    RecordingFile file = file();
    try (DeviceHarness harness = new DeviceHarness(file, SLOTS, Optional.empty())) {
      harness.write(1);
      harness.write(2);
    }
    for (int at = 0; at < SlotHeader.BYTES; at++) {
      RecordingFile broken = new RecordingFile(file.bytes());
      broken.flip(SuperBlock.TABLE_OFFSET + at);
      try (DeviceHarness next = new DeviceHarness(broken, SLOTS, Optional.empty())) {
        assertEquals(1, next.readAll(10), "one of two, whatever bit is wrong");
      }
    }
  }

  @Test
  void anyBytesAreAnEmptyDeviceOrATrueOne() throws Exception {
    Random random = new Random(1);
    for (int i = 0; i < 200; i++) {
      byte[] noise = DeviceHarness.emptyMedium(SLOTS);
      random.nextBytes(noise);
      try (DeviceHarness harness =
          new DeviceHarness(new RecordingFile(noise), SLOTS, Optional.empty())) {
        assertEquals(0, harness.device.stats().blocks());
        assertTrue(harness.write(1));
        assertEquals(1, harness.read(1));
      }
    }
  }

  @Test
  void aDeviceThatFailsAgainAndAgainIsGivenUp() throws Exception {
    RecordingFile file = file();
    try (DeviceHarness harness = new DeviceHarness(file, SLOTS, Optional.empty())) {
      for (int number = 0; number < 20; number++) {
        harness.write(number);
      }
      harness.device.drain();
      file.failuresLeft = 3;
      assertEquals(17, harness.readAll(20), "three cannot be had, and are dropped");
      assertEquals("ok", harness.device.stats().state());
      assertTrue(harness.device.isUsable());
      file.failuresLeft = Integer.MAX_VALUE;
      harness.readAll(20);
      assertFalse(harness.device.isUsable());
      assertTrue(harness.device.stats().state().startsWith("not used: 8 failures"));
      assertEquals(-1, harness.read(19), "nobody asks it any more");
    }
  }

  @Test
  void aFullDeviceTakesNoMoreAndGivesWhatItHas() throws Exception {
    RecordingFile file = file();
    try (DeviceHarness harness = new DeviceHarness(file, SLOTS, Optional.empty())) {
      harness.write(1);
      harness.device.drain();
      file.failuresLeft = 1;
      assertTrue(harness.write(2), "it is tried");
      assertEquals(-1, harness.read(2), "and not there");
      assertEquals(1, harness.read(1));
      assertEquals(1, harness.device.stats().failures());
    }
  }

  @Test
  void afterAFailedSyncNothingIsCommittedAnyMore() throws Exception {
    RecordingFile file = file();
    try (DeviceHarness harness = new DeviceHarness(file, SLOTS, Optional.empty())) {
      harness.write(1);
      harness.device.drain();
      harness.write(2);
      file.failuresLeft = 1;
      harness.device.drain();
      assertFalse(harness.device.isUsable());
    }
    try (DeviceHarness next =
        new DeviceHarness(new RecordingFile(file.bytes()), SLOTS, Optional.empty())) {
      assertEquals(1, next.readAll(10));
    }
  }

  @Test
  void aSlowDeviceIsLeftAloneForAWhile() {
    SsdHealth health = new SsdHealth("a device");
    long now = 1000;
    for (int i = 0; i < 64; i++) {
      health.took(2 * SsdHealth.SLOW_NANOS, now);
    }
    assertFalse(health.isUsable(now + 1));
    assertTrue(health.describe().contains("slow"));
    assertTrue(health.isUsable(now + SsdHealth.PAUSE_NANOS + 1));
    assertEquals("ok", health.describe());
  }

  @Test
  void theKeyIsNeededAndNothingIsReadWithAnother() throws Exception {
    byte[] key = new byte[32];
    Arrays.fill(key, (byte) 7);
    RecordingFile file = file();
    try (DeviceHarness harness = new DeviceHarness(file, SLOTS, Optional.of(key))) {
      for (int number = 0; number < 10; number++) {
        harness.write(number);
      }
      assertEquals(10, harness.readAll(10));
    }
    String medium = new String(file.bytes(), StandardCharsets.ISO_8859_1);
    for (int number = 0; number < 10; number++) {
      String plain = new String(DeviceHarness.content(number), 0, 16, StandardCharsets.ISO_8859_1);
      assertFalse(medium.contains(plain), "block " + number + " lies there in plain");
    }
    for (Optional<byte[]> other : List.of(Optional.<byte[]>empty(), Optional.of(new byte[32]))) {
      try (DeviceHarness next = new DeviceHarness(new RecordingFile(file.bytes()), SLOTS, other)) {
        assertEquals(0, next.device.stats().blocks());
      }
    }
    try (DeviceHarness next =
        new DeviceHarness(new RecordingFile(file.bytes()), SLOTS, Optional.of(key))) {
      assertEquals(10, next.readAll(10));
    }
  }

  private SsdDevice open(Path path, long bytes, ByteBudget budget, BlockPool pool)
      throws IOException {
    return SsdStore.open(
        path,
        SsdStore.sizeBytes(path, bytes < 0 ? OptionalLong.empty() : OptionalLong.of(bytes), 4096),
        4096,
        budget,
        pool.slab(),
        Optional.empty(),
        4);
  }

  @Test
  void aDirectoryIsItsOwnersAndHasOneOwnerAtATime() throws Exception {
    ByteBudget budget = ByteBudget.of(64 << 20);
    Path path = directory.resolve("made/ssd");
    try (BlockPool pool = BlockPool.open(budget, "test", 4096, 4)) {
      try (SsdDevice device = open(path, 1 << 20, budget, pool)) {
        assertEquals(
            "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        try (var files = Files.list(path)) {
          assertEquals(
              List.of(SsdStore.FILE_NAME), files.map(f -> f.getFileName().toString()).toList());
        }
        IOException refused =
            assertThrows(IOException.class, () -> open(path, 1 << 20, budget, pool));
        String pid = "process " + ProcessHandle.current().pid();
        assertTrue(String.valueOf(refused.getMessage()).contains(pid), refused::toString);
        assertTrue(device.isUsable());
      }
      int slots;
      try (SsdDevice again = open(path, -1, budget, pool)) {
        slots = again.slots();
        assertTrue(again.capacityBytes() < 1 << 20, "its size is what it was made with");
      }
      try (SsdDevice larger = open(path, 2 << 20, budget, pool)) {
        assertTrue(larger.slots() > slots);
      }
      Path open = Files.createDirectory(directory.resolve("open"));
      Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
      IOException lax = assertThrows(IOException.class, () -> open(open, 1 << 20, budget, pool));
      assertTrue(String.valueOf(lax.getMessage()).contains("chmod 700"), lax::toString);
    }
    assertEquals(0, budget.usedBytes(), () -> budget.usedByPurpose().toString());
  }

  /** Writes the first page of a layout and a header for each of its slots. */
  private static void fill(SsdFile file, SuperBlock layout, ByteBudget budget) throws IOException {
    file.resize(layout.fileBytes());
    layout.write(file);
    try (SlotTable table = new SlotTable(layout.slots(), false, budget);
        TablePages pages = new TablePages(layout, budget)) {
      for (int slot = 0; slot < layout.slots(); slot++) {
        table.describe(slot, DeviceHarness.id(slot), layout.blockBytes(), 1, 1);
        table.state(slot, SsdDevice.COMMITTED);
        pages.changed(slot);
      }
      pages.writeAll(table, new ReentrantLock(), file);
    }
  }

  @ParameterizedTest
  @CsvSource({"100, 100", "100, 200", "10, 100"})
  void aHundredGibibytesAreFoundInWellUnderASecond(long madeGib, long gib) throws Exception {
    int blockBytes = 512 << 10;
    int made = (int) ((madeGib << 30) / blockBytes);
    int slots = (int) ((gib << 30) / blockBytes);
    SuperBlock layout = SsdStore.fresh(blockBytes, made, Optional.empty()).withSlots(slots);
    ByteBudget budget = ByteBudget.of(64 << 20);
    SparseFile file = new SparseFile();
    fill(file, layout, budget);
    file.reads = 0;
    try (SsdDevice device =
        SsdStore.open(file, layout, layout.fileBytes(), budget, Optional.empty(), 4)) {
      assertEquals(slots, device.stats().blocks());
      assertTrue(file.reads <= 1 + slots / 8192 + 2, file.reads + " reads");
      assertFalse(device.evict(new SplittableRandom(1), 16, Long.MAX_VALUE, (id, age) -> 0));
    }
  }
}
