package dev.penstock.cache.ssd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.ByteBudget;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A device that is opened with another size keeps its blocks, all or as many as fit; also when
 * power is cut at any write of that, again and again, and whichever size it is opened with then. No
 * checksum ever has to catch anything.
 */
@Timeout(300)
final class ResizeTest {
  private static Optional<byte[]> key(boolean encrypted) {
    return encrypted ? Optional.of(new byte[32]) : Optional.empty();
  }

  /** A medium of so many slots, with blocks 0 up to {@code blocks} in some of them. */
  private static byte[] filled(int slots, int blocks, Optional<byte[]> key) throws Exception {
    RecordingFile file = new RecordingFile(new byte[0]);
    try (DeviceHarness harness = new DeviceHarness(file, slots, key)) {
      assertEquals(slots, harness.device.slots());
      // So that the free slots lie anywhere: fill it all, and give up what was not asked for.
      for (int number = 0; number < slots; number++) {
        assertTrue(harness.write(number(number, slots, blocks)));
      }
      harness.device.drain();
      SplittableRandom random = new SplittableRandom(1);
      while (harness.device.stats().blocks() > blocks) {
        harness.device.evict(random, 16, -1, (id, age) -> id.number() < blocks ? -1 : age);
      }
      assertEquals(blocks, harness.readAll(blocks));
      assertEquals(blocks, harness.device.stats().blocks());
    }
    return file.bytes();
  }

  /** Spreads the blocks that stay evenly over the slots, among others that go. */
  private static int number(int slot, int slots, int blocks) {
    int before = (int) ((long) slot * blocks / slots);
    boolean stays = (int) ((long) (slot + 1) * blocks / slots) > before;
    return stays ? before : 10_000 + slot;
  }

  @ParameterizedTest
  @CsvSource({
    // Within the room of the first table, over its end, over the ends of groups.
    "10, 10, 40, false",
    "40, 30, 150, false",
    "40, 40, 64, true",
    "100, 100, 129, false",
    "70, 70, 300, true",
    "300, 300, 301, false",
    // The other way: full, and with room in front.
    "40, 40, 10, false",
    "300, 300, 70, true",
    "300, 100, 200, false",
    "150, 60, 65, true",
    // Moved to the page that has headers from behind the new end too.
    "128, 70, 70, false",
    "300, 98, 100, true",
    "129, 120, 128, false",
    "65, 30, 64, false",
    "65, 65, 3, false",
  })
  void keepsWhatFitsWhereverPowerIsCut(int from, int blocks, int to, boolean encrypted)
      throws Exception {
    Optional<byte[]> key = key(encrypted);
    cutEverywhere(filled(from, blocks, key), blocks, from, to, key);
  }

  /** The file has headers behind its end then, and what they were for is gone. */
  @ParameterizedTest
  @CsvSource({"60, 20, 64", "120, 70, 120", "300, 40, 290"})
  void headersOfAnEarlierSizeMeanNothing(int once, int from, int to) throws Exception {
    RecordingFile file = new RecordingFile(filled(once, once, Optional.empty()));
    int blocks;
    try (DeviceHarness harness = new DeviceHarness(file, from, Optional.empty())) {
      blocks = harness.device.stats().blocks();
    }
    // Of the blocks, the first so many have the first slots.
    cutEverywhere(file.bytes(), blocks, from, to, Optional.empty());
  }

  private static void cutEverywhere(
      byte[] before, int blocks, int from, int to, Optional<byte[]> key) throws Exception {
    RecordingFile file = new RecordingFile(before);
    int resized;
    int kept;
    try (DeviceHarness harness = new DeviceHarness(file, to, key)) {
      resized = file.eventCount();
      kept = Math.min(blocks, harness.device.slots());
      assertEquals(kept, harness.readAll(blocks));
      assertEquals(kept, harness.device.stats().blocks());
      // A table that was made for more takes the place of a block or some.
      int slots = harness.device.slots();
      assertTrue(slots <= to + 1 && slots >= to - 1 - from / 64, slots + " slots");
      assertTrue(file.sizeBytes() <= DeviceHarness.fileBytes(to), "space is given back");
      goOn(harness, blocks);
      assertEquals(0, harness.device.stats().corrupt());
    }
    Random random = new Random(7);
    for (int cut = 0; cut <= file.eventCount(); cut++) {
      for (int attempt = 0; attempt < (cut <= resized ? 4 : 1); attempt++) {
        for (int size : List.of(from, to, (from + to) / 2, to / 2 + 1)) {
          byte[] medium = file.afterPowerCut(cut, random);
          int wanted = cut <= resized ? kept : 0;
          requireTrueBlocks(medium, size, blocks, wanted, key, "at " + cut + " to " + size);
        }
      }
    }
  }

  private static void requireTrueBlocks(
      byte[] medium, int slots, int blocks, int kept, Optional<byte[]> key, String where)
      throws Exception {
    try (DeviceHarness next = new DeviceHarness(new RecordingFile(medium), slots, key)) {
      int found = next.readAll(blocks);
      int wanted = Math.min(kept, next.device.slots());
      assertTrue(found >= wanted, () -> found + " of " + wanted + " " + where);
      next.readAll(blocks + 200);
      next.write(5000);
      assertEquals(0, next.device.stats().corrupt(), () -> "a checksum had to catch it " + where);
    }
  }

  /** Writes more, in part at the cost of what is there. */
  private static void goOn(DeviceHarness harness, int from) throws Exception {
    SplittableRandom random = new SplittableRandom(3);
    for (int number = from; number < from + 20; number++) {
      if (!harness.write(number)) {
        harness.device.evict(random, 64, -1, (id, age) -> age);
        harness.device.drain();
      } else if (random.nextInt(4) == 0) {
        harness.device.drain();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void aLossOfPowerInEachOfManyChangesIsNoWorse(long seed) throws Exception {
    Random random = new Random(seed);
    Optional<byte[]> key = key(seed % 2 == 0);
    byte[] medium = new byte[0];
    List<Integer> found = new ArrayList<>();
    for (int round = 0; round < 60; round++) {
      RecordingFile file = new RecordingFile(medium);
      try (DeviceHarness harness = new DeviceHarness(file, 1 + random.nextInt(260), key)) {
        found.add(harness.readAll(60 * 20 + 20));
        goOn(harness, round * 20);
        assertEquals(0, harness.device.stats().corrupt(), "round " + round);
      }
      boolean killed = random.nextInt(3) == 0;
      medium =
          killed ? file.bytes() : file.afterPowerCut(random.nextInt(file.eventCount() + 1), random);
    }
    assertTrue(found.stream().anyMatch(count -> count > 60), found::toString);
  }

  @Test
  void aFileOfTheFirstVersionKeepsItsBlocks() throws Exception {
    byte[] old = filled(70, 70, Optional.empty());
    DeviceHarness.toVersion1(old);
    for (int slots : List.of(70, 30, 500)) {
      RecordingFile file = new RecordingFile(old);
      try (DeviceHarness harness = new DeviceHarness(file, slots, Optional.empty())) {
        assertEquals(Math.min(harness.device.slots(), 70), harness.readAll(70));
      }
      try (DeviceHarness again =
          new DeviceHarness(new RecordingFile(file.bytes()), slots, Optional.empty())) {
        assertEquals(Math.min(again.device.slots(), 70), again.readAll(70));
      }
    }
  }

  @Test
  void whereThereIsNoRoomToGrowItStaysAsItIs() throws Exception {
    RecordingFile file = new RecordingFile(filled(70, 50, Optional.empty()));
    file.sizeMax = file.sizeBytes() + 4096;
    try (DeviceHarness harness = new DeviceHarness(file, 200, Optional.empty())) {
      assertEquals(70, harness.device.slots());
      assertEquals(50, harness.readAll(70));
      assertTrue(harness.write(60));
    }
  }

  /** Full, no answer, whatever: at each write and sync of a change of size, for the rest of it. */
  @ParameterizedTest
  @CsvSource({"70, 50, 300, false", "128, 70, 70, true", "0, 0, 20, true"})
  void aChangeThatFailsLeavesTheBlocksAndNothingInMemory(
      int from, int blocks, int to, boolean encrypted) throws Exception {
    Optional<byte[]> key = key(encrypted);
    byte[] before = from == 0 ? new byte[0] : filled(from, blocks, key);
    // Whoever had it is gone.
    Arrays.fill(before, Math.min(before.length, 4096), Math.min(before.length, 8192), (byte) 0);
    ByteBudget budget = ByteBudget.of(1 << 23);
    SuperBlock fresh = SsdStore.fresh(DeviceHarness.BLOCK, to, key);
    int failed = 0;
    for (boolean opened = false; !opened; failed += opened ? 0 : 1) {
      RecordingFile file = new RecordingFile(before);
      file.successesLeft = failed;
      file.failuresLeft = Integer.MAX_VALUE;
      try {
        SsdStore.open(file, fresh, fresh.fileBytes(), budget, key, 8).close();
        opened = true;
      } catch (IOException _) {
        assertEquals(0, budget.usedBytes(), () -> budget.usedByPurpose().toString());
        assertEquals(failed > 0, owner(file).startsWith("process "), "at " + failed);
      }
      for (int size : List.of(from + 1, to)) {
        requireTrueBlocks(
            file.bytes(), size, blocks, Math.min(blocks, to), key, failed + " to " + size);
      }
    }
    assertTrue(failed > 2, failed + " requests");
  }

  private static String owner(RecordingFile file) {
    byte[] bytes = file.bytes();
    int at = (int) SuperBlock.OWNER_OFFSET;
    int length = Math.clamp(bytes.length - at, 0, 60);
    return new String(bytes, Math.min(at, bytes.length), length, StandardCharsets.US_ASCII);
  }

  @Test
  void aBlockThatCannotBeReadOrIsWrongIsDroppedAndTheOthersMove() throws Exception {
    RecordingFile file = new RecordingFile(filled(200, 60, Optional.empty()));
    SuperBlock layout = SuperBlock.read(file).orElseThrow();
    int wrong = 0;
    for (int slot = 100; slot < 200 && wrong == 0; slot++) {
      // A slot that some block lies in: any byte of its payload will do.
      wrong =
          file.bytes()[(int) layout.headersOffset(slot / 64 * 64) + slot % 64 * 64 + 21] != 0
              ? slot
              : 0;
    }
    file.flip(layout.offset(wrong) + 5);
    try (DeviceHarness harness = new DeviceHarness(file, 100, Optional.empty())) {
      assertEquals(59, harness.readAll(60));
      assertEquals(1, harness.device.stats().corrupt());
      assertEquals("ok", harness.device.stats().state());
    }
  }

  @Test
  void aTableThatIsLargerThanTheNewSizeMeansToStartEmpty() throws Exception {
    RecordingFile file = new RecordingFile(filled(300, 300, Optional.empty()));
    try (DeviceHarness harness = new DeviceHarness(file, 2, Optional.empty())) {
      assertEquals(0, harness.device.stats().blocks());
      assertTrue(harness.write(1));
      assertEquals(1, harness.read(1));
      assertEquals(DeviceHarness.fileBytes(2), file.sizeBytes());
    }
  }
}
