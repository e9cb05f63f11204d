package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.origin.FileOrigin;
import dev.penstock.formats.ByteRun;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.ByteSource.ByteLease;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files through the cache, against their bytes in an array. */
final class FileCacheTest {
  private static final int BLOCK = 16 << 10;

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"true,AUTO", "false,AUTO", "true,DIRECT", "false,DIRECT", "false,BUFFERED"})
  void randomRangesAreTheFilesBytes(boolean ramTier, ReadMode mode) throws Exception {
    Random random = new Random(7);
    byte[] bytes = new byte[40 * BLOCK + 123];
    random.nextBytes(bytes);
    Path file = directory.resolve("a.tar");
    Files.write(file, bytes);
    ByteBudget budget = ByteBudget.of(64 << 20);
    CacheConfig config = CacheConfig.of(24L * BLOCK, BLOCK).withRamTier(ramTier).withReads(mode, 8);
    try (FileOrigin origin = config.fileOrigin(budget);
        BlockCache cache = BlockCache.open(config, budget, List.of(origin));
        CacheSession session = cache.session(20L * BLOCK, (_, _, _) -> NextUse.NEVER);
        ByteSource source =
            session.open(
                0,
                DatasetLocator.resolve(List.of(file.toString()), List.of(origin)).getFirst(),
                null,
                -1)) {
      ArrayDeque<Asked> asked = new ArrayDeque<>();
      long pinned = 0;
      for (int i = 0; i < 500; i++) {
        int length = random.nextInt(3 * BLOCK);
        int offset = random.nextInt(bytes.length - length);
        long pins = session.pinnedBytesMax(length);
        while (pinned + pins > 20L * BLOCK) {
          pinned -= check(asked.removeFirst(), bytes, session);
        }
        asked.add(new Asked(source.request(offset, length), offset, length));
        pinned += pins;
      }
      while (!asked.isEmpty()) {
        check(asked.removeFirst(), bytes, session);
      }
      assertThrows(EOFException.class, () -> source.request(bytes.length - 1, 2));
    }
    assertEquals(0, budget.usedBytes());
  }

  private record Asked(ByteLease lease, int offset, int length) {}

  private static long check(Asked asked, byte[] bytes, CacheSession session)
      throws IOException, InterruptedException {
    try (ByteLease lease = asked.lease()) {
      ByteRun run = new ByteRun();
      lease.await(run);
      assertEquals(asked.length(), run.length());
      byte[] found = new byte[asked.length()];
      run.copyTo(0, MemorySegment.ofArray(found), 0, found.length);
      byte[] wanted = Arrays.copyOfRange(bytes, asked.offset(), asked.offset() + asked.length());
      assertEquals(-1, MemorySegment.ofArray(wanted).mismatch(MemorySegment.ofArray(found)));
    }
    return session.pinnedBytesMax(asked.length());
  }
}
