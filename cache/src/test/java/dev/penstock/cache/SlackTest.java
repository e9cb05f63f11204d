package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.StoredObject;
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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How long the plan can do without bytes reaches the origin that reads them, for each block. */
@Timeout(120)
final class SlackTest {
  private static final int BLOCK = 64 << 10;
  private static final int BLOCKS = 160;
  private static final String SHARD = "/shard";

  /** Longer than a test may take. */
  private static final long STALL_MILLIS = 300_000;

  private final ByteBudget budget = ByteBudget.of(128 << 20);
  private final CacheConfig config =
      CacheConfig.of(16L * BLOCK, BLOCK).withRamTier(false).withDecoding(1, 4);
  private final List<Origin> origins = Origins.open(config, budget, Map.of("remote.hedges", "0.2"));
  private final FaultServer server = FaultServer.start();
  private final BlockCache cache = BlockCache.open(config, budget, origins);
  private final AtomicBoolean stall = new AtomicBoolean();
  private final AtomicInteger stalled = new AtomicInteger();

  @AfterEach
  void close() {
    server.close();
    cache.close();
    origins.forEach(Origin::close);
    assertEquals(0, budget.usedBytes(), () -> budget.usedByPurpose().toString());
  }

  /** A plan of one block a step, whose slack is as the test says. */
  private static final class Steps implements NextUse {
    volatile long step;
    volatile long slack = Long.MAX_VALUE - 1;
    volatile long soonStep = Long.MAX_VALUE;
    volatile long laterFrom = Long.MAX_VALUE;

    @Override
    public long after(int shard, long offset, long length) {
      return offset >= laterFrom ? offset : NEVER;
    }

    @Override
    public long step() {
      return step;
    }

    @Override
    public long slackNanos(long asked) {
      return asked >= soonStep ? 0 : slack;
    }
  }

  private Origin origin() {
    return origins.stream().filter(o -> o.handles(server.url(SHARD))).findFirst().orElseThrow();
  }

  private StoredObject put(Codec codec) throws Exception {
    return put(codec, BLOCK);
  }

  private StoredObject put(Codec codec, int frameBytes) throws Exception {
    byte[] plain = new byte[BLOCKS * BLOCK];
    new Random(3).nextBytes(plain);
    Compressed compressed = Compressed.of(plain, codec, frameBytes);
    frames = codec == Codec.NONE ? null : compressed.frames();
    server.put(SHARD, compressed.stored());
    server.stallMillis(STALL_MILLIS);
    server.faults(
        _ -> {
          if (stall.getAndSet(false)) {
            stalled.incrementAndGet();
            return Fault.STALL;
          }
          return Fault.NONE;
        });
    return origin().find(server.url(SHARD)).orElseThrow();
  }

  private @Nullable FrameTable frames;

  /** Reads blocks one after the other without ever waiting: that would say that they are needed. */
  private static void read(ByteSource shard, Steps plan, int from, int to) throws Exception {
    for (int block = from; block < to; block++) {
      plan.step = block;
      ByteLease lease = shard.request((long) block * BLOCK, BLOCK);
      finish(lease);
    }
  }

  /** Stalls the next answer: one to what has not been asked for yet. */
  private void stallNext() {
    while (origin().stats().inFlight() + origin().stats().queued() > 0) {
      Thread.onSpinWait(); // what decoding reads ahead
    }
    stall.set(true);
  }

  private static void finish(ByteLease lease) throws Exception {
    while (!lease.isReady()) {
      Thread.onSpinWait();
    }
    try (lease) {
      ByteRun run = new ByteRun();
      lease.await(run);
      assertEquals(BLOCK, run.length());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NONE", "ZSTD"})
  void aSilentRangeIsAskedForAgainWhenItsSlackRunsOutAndNotBefore(Codec codec) throws Exception {
    StoredObject object = put(codec);
    Steps plan = new Steps();
    try (CacheSession session = cache.session(8L * BLOCK, plan);
        ByteSource shard = session.open(0, object, frames, (long) BLOCKS * BLOCK)) {
      read(shard, plan, 0, BLOCKS - 40); // learns what is usual, earns second requests
      long before = origin().stats().hedges();
      stallNext();
      long next = BLOCKS - 1; // far from what decoding has read ahead
      plan.step = next;
      ByteLease lease = shard.request(next * BLOCK, BLOCK);
      while (stalled.get() == 0) {
        Thread.onSpinWait();
      }
      assertFalse(new CountDownLatch(1).await(500, TimeUnit.MILLISECONDS));
      assertFalse(lease.isReady(), "the server did not stall");
      assertEquals(before, origin().stats().hedges());
      plan.soonStep = next + 1; // what others wait for says nothing of this block
      assertFalse(new CountDownLatch(1).await(300, TimeUnit.MILLISECONDS));
      assertEquals(before, origin().stats().hedges());
      plan.soonStep = next;
      finish(lease); // far less than the stall
      assertEquals(before + 1, origin().stats().hedges());
    }
  }

  /** Or it would time out, and the store would be asked for less, though only one answer hangs. */
  @Test
  void aRangeThatHangsIsAskedForAgainThoughItHasSlack() throws Exception {
    StoredObject object = put(Codec.NONE);
    Steps plan = new Steps();
    try (CacheSession session = cache.session(8L * BLOCK, plan);
        ByteSource shard = session.open(0, object, null, -1)) {
      read(shard, plan, 0, BLOCKS - 1);
      long before = origin().stats().hedges();
      stallNext();
      finish(shard.request((BLOCKS - 1L) * BLOCK, BLOCK));
      assertEquals(1, stalled.get());
      assertEquals(before + 1, origin().stats().hedges());
      assertEquals(0, origin().stats().timeouts());
    }
  }

  /** Of two sessions that need a block, the one that needs it first counts, whoever asks first. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theEarliestNeedOfTwoSessionsCounts(boolean neededByTheFirst) throws Exception {
    StoredObject object = put(Codec.NONE);
    Steps far = new Steps();
    Steps near = new Steps();
    Steps ofFirst = neededByTheFirst ? near : far;
    try (CacheSession one = cache.session(4L * BLOCK, ofFirst);
        CacheSession two = cache.session(4L * BLOCK, neededByTheFirst ? far : near);
        ByteSource first = one.open(0, object, null, -1);
        ByteSource second = two.open(0, object, null, -1)) {
      read(first, ofFirst, 0, BLOCKS - 1);
      long before = origin().stats().hedges();
      stallNext();
      long next = BLOCKS - 1;
      far.step = next;
      near.step = next;
      near.slack = Long.MAX_VALUE - 2; // less than the other's, and not yet little
      ByteLease lease = first.request(next * BLOCK, BLOCK);
      ByteLease later = second.request(next * BLOCK, BLOCK);
      near.slack = 0;
      finish(later);
      finish(lease);
      assertEquals(1, stalled.get());
      assertEquals(before + 1, origin().stats().hedges());
    }
  }

  /** Closing waits for what is on its way, though nobody needs it any more. */
  @Test
  void aSessionThatEndsLeavesItsBlocksNoSlack() throws Exception {
    StoredObject object = put(Codec.NONE);
    Steps plan = new Steps();
    long before;
    try (CacheSession session = cache.session(8L * BLOCK, plan);
        ByteSource shard = session.open(0, object, null, -1)) {
      read(shard, plan, 0, BLOCKS - 1);
      before = origin().stats().hedges();
      stallNext();
      shard.request((BLOCKS - 1L) * BLOCK, BLOCK).close();
      while (stalled.get() == 0) {
        Thread.onSpinWait();
      }
      assertEquals(before, origin().stats().hedges());
    }
    assertEquals(before + 1, origin().stats().hedges());
  }

  /**
   * A stream decodes a block on its way to another one, and only then somebody asks for it: nobody
   * has demanded it of the stream, but its bytes are needed.
   */
  @Test
  void awaitingABlockThatAStreamIsPassingLeavesItsBytesNoSlack() throws Exception {
    StoredObject object = put(Codec.ZSTD, 2 * BLOCK);
    Steps plan = new Steps();
    try (CacheSession session = cache.session(8L * BLOCK, plan);
        ByteSource shard = session.open(0, object, frames, (long) BLOCKS * BLOCK)) {
      read(shard, plan, 0, BLOCKS - 40);
      long before = origin().stats().hedges();
      stallNext();
      long last = BLOCKS - 1;
      plan.laterFrom = (last - 1) * BLOCK; // so the block before the last one is kept
      try (ByteLease lease = shard.request(last * BLOCK, BLOCK)) {
        while (cache.stats().residentBlocks() < 2) {
          Thread.onSpinWait();
        }
        assertFalse(lease.isReady(), "the server did not stall");
        try (ByteLease passed = shard.request((last - 1) * BLOCK, BLOCK)) {
          ByteRun run = new ByteRun();
          passed.await(run); // far less than the stall
          assertEquals(BLOCK, run.length());
        }
      }
      assertEquals(1, stalled.get());
      assertTrue(origin().stats().hedges() > before);
    }
  }

  /** A decoded block has no read of its own that could be hurried, but a wait for it counts too. */
  @Test
  void awaitingADecodedBlockLeavesItsBytesNoSlack() throws Exception {
    StoredObject object = put(Codec.ZSTD);
    Steps plan = new Steps();
    try (CacheSession session = cache.session(8L * BLOCK, plan);
        ByteSource shard = session.open(0, object, frames, (long) BLOCKS * BLOCK)) {
      read(shard, plan, 0, BLOCKS - 40);
      long before = origin().stats().hedges();
      stallNext();
      try (ByteLease lease = shard.request((BLOCKS - 1L) * BLOCK, BLOCK)) {
        ByteRun run = new ByteRun();
        lease.await(run); // far less than the stall
        assertEquals(BLOCK, run.length());
      }
      assertEquals(1, stalled.get());
      assertTrue(origin().stats().hedges() > before);
    }
  }
}
