package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.remote.FaultServer;
import dev.penstock.cache.remote.FaultServer.Fault;
import dev.penstock.formats.ByteRun;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.ByteSource.ByteLease;
import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameTable;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Of a compressed shard no more is read than the frames that are wanted. */
@Timeout(60)
final class SmallFramesTest {
  private static final int BLOCK = 64 << 10;
  private static final int PAGE = 4096;

  /** Frames of one block, and of up to as many bytes as one request reads. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8, 20})
  void anEntryReadsItsFrameAndNothingElseWithOneRequest(int blocks) throws Exception {
    CacheConfig config = CacheConfig.of(64L * BLOCK, BLOCK).withRamTier(false).withDecoding(1, 4);
    int frame = blocks * BLOCK;
    try (CacheHarness harness = new CacheHarness(config, Faults.NONE, 1)) {
      CacheHarness.Shard shard = harness.add(12 * frame, Codec.ZSTD, frame);
      FrameTable frames = shard.frames();
      String name = shard.object().name();
      try (CacheSession session = harness.cache.session(32L * BLOCK, (_, _, _) -> NextUse.NEVER);
          ByteSource source =
              session.open(0, shard.object(), Codec.ZSTD, frames, shard.plain().length)) {
        for (int entered : new int[] {11, 9, 7, 5, 2, 0}) {
          long bytes = harness.memory.bytesRead(name);
          long requests = harness.memory.requests();
          int offset = entered * frame;
          CacheHarness.check(shard, source.request(offset, BLOCK), offset, BLOCK);
          long end = entered == 11 ? frames.storedBytes() : frames.storedOffset(entered + 1);
          long stored = end - frames.storedOffset(entered);
          long read = harness.memory.bytesRead(name) - bytes;
          assertTrue(read >= stored && read < stored + PAGE, () -> read + " of " + stored);
          assertEquals(1, harness.memory.requests() - requests);
        }
      }
    }
  }

  /** Or each block would cost a round trip of its own. */
  @Test
  void whatIsWantedMeanwhileIsAskedForWhileTheFirstBytesAreAwaited() throws Exception {
    ByteBudget budget = ByteBudget.of(64 << 20);
    CacheConfig config = CacheConfig.of(16L * BLOCK, BLOCK).withDecoding(1, 1);
    List<Origin> origins = Origins.open(config, budget, Map.of());
    byte[] plain = new byte[8 * BLOCK];
    new Random(4).nextBytes(plain);
    Compressed shard = Compressed.of(plain, Codec.ZSTD, BLOCK);
    CountDownLatch answer = new CountDownLatch(1);
    AtomicBoolean hold = new AtomicBoolean();
    try (FaultServer server = FaultServer.start();
        BlockCache cache = BlockCache.open(config, budget, origins)) {
      server.put("/a", shard.stored());
      server.faults(
          _ -> {
            if (hold.getAndSet(false)) {
              awaitQuietly(answer);
            }
            return Fault.NONE;
          });
      Origin origin =
          origins.stream().filter(o -> o.handles(server.url("/a"))).findFirst().orElseThrow();
      try (CacheSession session = cache.session(8L * BLOCK, (_, _, _) -> NextUse.NEVER);
          ByteSource source =
              session.open(
                  0,
                  origin.find(server.url("/a")).orElseThrow(),
                  Codec.ZSTD,
                  shard.frames(),
                  plain.length)) {
        try (ByteLease last = source.request(7L * BLOCK, BLOCK)) {
          last.await(new ByteRun()); // the shard is open now
        }
        long before = server.requests();
        hold.set(true);
        ByteLease first = source.request(0, BLOCK);
        while (server.requests() == before) {
          Thread.onSpinWait();
        }
        ByteLease second = source.request(BLOCK, BLOCK);
        while (server.requests() < before + 2) {
          Thread.onSpinWait(); // for ever, if it waited for the first answer
        }
        assertFalse(first.isReady());
        answer.countDown();
        for (ByteLease lease : List.of(first, second)) {
          try (lease) {
            ByteRun run = new ByteRun();
            lease.await(run);
            assertEquals(BLOCK, run.length());
          }
        }
      }
    }
    origins.forEach(Origin::close);
    assertEquals(0, budget.usedBytes(), () -> budget.usedByPurpose().toString());
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
