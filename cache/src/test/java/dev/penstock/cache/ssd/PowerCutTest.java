package dev.penstock.cache.ssd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A device that fills and evicts loses power at every single write and sync; what was not synced is
 * lost, torn or reordered. Whatever is served afterwards is right, nothing needs repair, and the
 * ordering alone sees to that: no checksum ever has to catch anything.
 */
@Timeout(120)
final class PowerCutTest {
  private static final int SLOTS = 70;
  private static final int BLOCKS = 160;

  /** Fills the device and goes on writing, at the cost of what is there. */
  private static RecordingFile fill(Optional<byte[]> key, long seed) throws Exception {
    RecordingFile file = new RecordingFile(DeviceHarness.emptyMedium(SLOTS));
    SplittableRandom random = new SplittableRandom(seed);
    try (DeviceHarness harness = new DeviceHarness(file, SLOTS, key)) {
      for (int number = 0; number < BLOCKS; number++) {
        if (!harness.write(number)) {
          assertTrue(harness.device.evict(random, 64, -1, (id, age) -> age), "something must go");
          harness.device.evict(random, 64, -1, (id, age) -> random.nextInt(100));
          harness.device.drain();
        } else if (random.nextInt(6) == 0) {
          harness.device.drain();
        }
      }
      assertTrue(harness.device.stats().evictions() > 20);
    }
    return file;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void atEveryWriteNothingWrongIsServedAndNothingNeedsRepair(boolean encrypted) throws Exception {
    Optional<byte[]> key = encrypted ? Optional.of(new byte[32]) : Optional.empty();
    RecordingFile file = fill(key, 7);
    int events = file.eventCount();
    Random random = new Random(3);
    int most = 0;
    for (int cut = 0; cut <= events; cut++) {
      for (int attempt = 0; attempt < 3; attempt++) {
        byte[] medium = file.afterPowerCut(cut, random);
        try (DeviceHarness next = new DeviceHarness(new RecordingFile(medium), SLOTS, key)) {
          most = Math.max(most, next.readAll(BLOCKS));
          assertEquals(0, next.device.stats().corrupt(), "a checksum had to catch it, at " + cut);
          next.write(BLOCKS + 1);
        }
      }
    }
    assertTrue(events > 200 && most > SLOTS / 2, events + " events, at most " + most + " blocks");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void aSecondLossOfPowerIsNoWorse(long seed) throws Exception {
    RecordingFile first = fill(Optional.empty(), seed);
    Random random = new Random(seed);
    for (int round = 0; round < 60; round++) {
      byte[] medium = first.afterPowerCut(random.nextInt(first.eventCount() + 1), random);
      RecordingFile second = new RecordingFile(medium);
      SplittableRandom victims = new SplittableRandom(round);
      try (DeviceHarness harness = new DeviceHarness(second, SLOTS, Optional.empty())) {
        for (int number = 0; number < 40; number++) {
          if (!harness.write(BLOCKS + number)) {
            harness.device.evict(victims, 64, -1, (id, age) -> age);
            harness.device.drain();
          }
        }
      }
      for (int attempt = 0; attempt < 4; attempt++) {
        int cut = random.nextInt(second.eventCount() + 1);
        byte[] twice = second.afterPowerCut(cut, random);
        try (DeviceHarness next =
            new DeviceHarness(new RecordingFile(twice), SLOTS, Optional.empty())) {
          next.readAll(BLOCKS + 40);
          assertEquals(0, next.device.stats().corrupt());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void aKilledProcessLeavesWhatItCommitted(long seed) throws Exception {
    RecordingFile file = new RecordingFile(DeviceHarness.emptyMedium(SLOTS));
    Set<Integer> committed = new HashSet<>();
    Random random = new Random(seed);
    try (DeviceHarness harness = new DeviceHarness(file, SLOTS, Optional.empty())) {
      for (int number = 0; number < SLOTS; number++) {
        harness.write(number);
        if (random.nextInt(10) == 0) {
          harness.device.drain();
          committed.clear();
          for (int i = 0; i <= number; i++) {
            committed.add(i);
          }
        }
      }
      try (DeviceHarness next =
          new DeviceHarness(new RecordingFile(file.bytes()), SLOTS, Optional.empty())) {
        for (int number : committed) {
          assertEquals(1, next.read(number), () -> "block " + number);
        }
      }
    }
  }
}
