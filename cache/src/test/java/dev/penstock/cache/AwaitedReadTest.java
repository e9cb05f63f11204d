package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.remote.FaultServer;
import dev.penstock.cache.remote.FaultServer.Fault;
import dev.penstock.formats.ByteRun;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.ByteSource.ByteLease;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Time until the plan needs a block reaches the origin that is reading it. */
final class AwaitedReadTest {
  private static final int BLOCK = 16 << 10;
  private static final int BLOCKS = 120;
  private static final String SHARD = "/a.bin";

  /**
   * The last second requests are kept for blocks that somebody waits for, so a block on its way
   * that nobody waits for stays silent, and is asked for again once somebody does.
   */
  @Test
  @Timeout(60)
  void aBlockIsAskedForAgainWhenSomebodyBeginsToWaitForIt() throws Exception {
    ByteBudget budget = ByteBudget.of(64 << 20);
    CacheConfig config = CacheConfig.of(16L * BLOCK, BLOCK).withRamTier(false);
    List<Origin> origins = Origins.open(config, budget, Map.of("remote.hedges", "0.05"));
    AtomicBoolean stall = new AtomicBoolean();
    try (FaultServer server = FaultServer.start();
        BlockCache cache = BlockCache.open(config, budget, origins)) {
      server.put(SHARD, new byte[BLOCKS * BLOCK]);
      server.stallMillis(30_000);
      server.faults(_ -> stall.getAndSet(false) ? Fault.STALL_IN_BODY : Fault.NONE);
      Origin origin =
          origins.stream().filter(o -> o.handles(server.url(SHARD))).findFirst().orElseThrow();
      try (CacheSession session = cache.session(8L * BLOCK, (_, _, _) -> NextUse.NEVER);
          ByteSource shard =
              session.open(0, origin.find(server.url(SHARD)).orElseThrow(), null, -1)) {
        for (int block = 0; block + 1 < BLOCKS; block++) {
          readWithoutWaiting(shard, block); // earns second requests, fewer than are kept back
        }
        assertEquals(0, origin.stats().hedges());
        stall.set(true);
        ByteLease lease = shard.request((BLOCKS - 1L) * BLOCK, BLOCK);
        assertFalse(new CountDownLatch(1).await(500, TimeUnit.MILLISECONDS));
        assertFalse(lease.isReady(), "the server did not stall");
        assertEquals(0, origin.stats().hedges());
        await(lease); // far less than the stall
        assertEquals(1, origin.stats().hedges());
      }
    }
    origins.forEach(Origin::close);
  }

  private static void readWithoutWaiting(ByteSource shard, int block) throws Exception {
    ByteLease lease = shard.request((long) block * BLOCK, BLOCK);
    while (!lease.isReady()) {
      Thread.onSpinWait();
    }
    await(lease);
  }

  private static void await(ByteLease lease) throws Exception {
    try (lease) {
      ByteRun run = new ByteRun();
      lease.await(run);
      assertEquals(BLOCK, run.length());
    }
  }
}
