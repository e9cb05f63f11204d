package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.BudgetExceededException;
import dev.penstock.cache.CacheHarness.Shard;
import dev.penstock.cache.origin.FaultyOrigin.Fault;
import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameTable;
import dev.penstock.formats.MalformedRecordException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ScanTest {
  private static final CacheConfig CONFIG = CacheConfig.of(8L * 4096, 4096);
  private static final Faults BAD_LUCK =
      new Faults(Map.of(Fault.ERROR, 0.1, Fault.SHORT_READ, 0.2), 0);

  @ParameterizedTest
  @EnumSource(Codec.class)
  void aScanReadsAllBytesAndFindsTheFrames(Codec codec) throws Exception {
    try (CacheHarness harness = new CacheHarness(CONFIG, BAD_LUCK, 3)) {
      Shard shard = harness.add(1_500_123, codec, 400_000);
      byte[] found = new byte[shard.plain().length + 10];
      Random random = new Random(1);
      try (ScanSource scan = harness.cache.openForScan(shard.object())) {
        assertEquals(codec, scan.codec());
        int at = 0;
        while (true) {
          int got = scan.readAt(at, MemorySegment.ofArray(found), at, 1 + random.nextInt(50_000));
          if (got == 0) {
            break;
          }
          at += got;
        }
        assertEquals(shard.plain().length, at);
        assertEquals(shard.plain().length, scan.lengthBytes());
        assertEquals(-1, Arrays.mismatch(shard.plain(), 0, at, found, 0, at));
        FrameTable frames = scan.framesSeen().orElseThrow();
        assertEquals(shard.frames().count(), frames.count());
        for (int i = 0; i < frames.count(); i++) {
          assertEquals(shard.frames().storedOffset(i), frames.storedOffset(i));
          assertEquals(shard.frames().decodedOffset(i), frames.decodedOffset(i));
        }
        byte[] behind = new byte[100];
        assertEquals(100, scan.readAt(450_000, MemorySegment.ofArray(behind), 0, 100));
        assertEquals(-1, Arrays.mismatch(shard.plain(), 450_000, 450_100, behind, 0, 100));
        assertThrows(UnsupportedOperationException.class, () -> scan.request(0, 1));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Codec.class,
      names = {"GZIP", "ZSTD", "LZ4"})
  void aCutFrameIsMalformed(Codec codec) throws Exception {
    try (CacheHarness harness = new CacheHarness(CONFIG, Faults.NONE, 3)) {
      Shard whole = harness.add(300_000, codec, 1 << 20);
      byte[] cut = Compressed.of(whole.plain(), codec, 1 << 20).stored();
      var object = harness.memory.put("cut", Arrays.copyOf(cut, cut.length - 5));
      try (ScanSource scan = harness.cache.openForScan(object)) {
        MalformedRecordException verdict =
            assertThrows(
                MalformedRecordException.class,
                () -> {
                  int got = 1;
                  for (int at = 0; got > 0; at += got) { // what does decode comes first
                    assertTrue(at <= 300_000);
                    got = scan.readAt(at, MemorySegment.ofArray(new byte[400_000]), 0, 400_000);
                  }
                });
        assertTrue(verdict.toString().contains("mem://cut"), verdict.toString());
      }
    }
  }

  /** A scan that finds no room gives back what it had of it, and says so. */
  @ParameterizedTest
  @ValueSource(ints = {64 << 10, 200 << 10, 500 << 10})
  void aScanWithoutRoomTakesNone(int leftBytes) throws Exception {
    try (CacheHarness harness = new CacheHarness(CONFIG, Faults.NONE, 3)) {
      Shard shard = harness.add(100_000, Codec.ZSTD, 100_000);
      try (var _ = harness.budget.reserve("others", harness.budget.freeBytes() - leftBytes)) {
        assertThrows(
            BudgetExceededException.class, () -> harness.cache.openForScan(shard.object()));
        assertEquals(leftBytes, harness.budget.freeBytes());
      }
    }
  }
}
