package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.CacheHarness.Shard;
import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.cache.origin.MemoryOrigin;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.Codec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the SSD tier keeps: measured at the cache's door, in epochs of one sample a block. */
@Timeout(120)
final class SsdTierTest {
  private static final int BLOCK = 4096;
  private static final int SAMPLES = TestPlan.SAMPLES;
  private static final int EPOCHS = TestPlan.EPOCHS;

  @TempDir Path directory;

  private CacheHarness open(int poolBlocks, int slots) {
    return new CacheHarness(
        CacheConfig.of((long) poolBlocks * BLOCK, BLOCK).withRamTier(false),
        Faults.NONE,
        1,
        MemoryOrigin.remote(),
        CacheHarness.ssd(directory.resolve("ssd"), slots));
  }

  private static CachePolicy policy() {
    return CachePolicy.of("test", (long) SAMPLES * BLOCK);
  }

  /** For each epoch and each tenth of it, how many samples the SSD tier had; writes behind them. */
  private int[][] hits(CacheHarness harness, TestPlan plan) throws Exception {
    return hits(harness, plan, policy());
  }

  private static CachePolicy quotaOf(int blocks) {
    return policy().withQuotas((long) blocks * BLOCK, Long.MAX_VALUE);
  }

  private int[][] hits(CacheHarness harness, TestPlan plan, CachePolicy policy) throws Exception {
    int[][] hits = new int[EPOCHS][10];
    Shard shard = harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
    try (CacheSession session = harness.cache.session(2L * BLOCK, plan, policy);
        ByteSource source = session.open(0, shard.object(), null, -1)) {
      long before = 0;
      for (int epoch = 0; epoch < EPOCHS; epoch++) {
        for (int i = 0; i < SAMPLES; i++) {
          plan.position = (long) epoch * SAMPLES + i;
          int sample = plan.order[epoch][i];
          CacheHarness.check(
              shard, source.request((long) sample * BLOCK, BLOCK), sample * BLOCK, BLOCK);
          long now = session.stats().ssdHitBytes();
          hits[epoch][i * 10 / SAMPLES] += now > before ? 1 : 0;
          before = now;
          if (i % 8 == 0) {
            // As if reading took time: on this machine a read is shorter than a write.
            harness.drainSsd();
          }
        }
      }
    }
    return hits;
  }

  @ParameterizedTest
  @CsvSource({
    "0.1,true",
    "0.1,false",
    "0.25,true",
    "0.25,false",
    "0.5,true",
    "0.5,false",
    "0.75,true",
    "0.75,false",
    "0.9,true",
    "0.9,false"
  })
  void hitsReachTheBoundAndSpreadEvenlyWithFewWrites(double ratio, boolean reshuffled)
      throws Exception {
    int slots = (int) (ratio * SAMPLES);
    try (CacheHarness harness = open(8, slots)) {
      int[][] hits = hits(harness, new TestPlan(reshuffled, 11, true));
      CacheStats stats = harness.cache.stats();
      String all = Arrays.deepToString(hits) + " " + stats;
      assertEquals(0, Arrays.stream(hits[0]).sum());
      for (int epoch = 1; epoch < EPOCHS; epoch++) {
        int sum = Arrays.stream(hits[epoch]).sum();
        assertTrue(sum <= slots, all);
        TestPlan.requireEvenHits(hits[epoch], 0.99 * slots, all);
      }
      assertTrue(stats.ssdWrittenBytes() <= 2.0 * slots * BLOCK + 64L * BLOCK, all);
    }
  }

  /** Reads all samples in order; how many bytes came from the origin meanwhile. */
  private static long readAll(CacheHarness harness, CachePolicy policy) throws Exception {
    Shard shard = harness.shards.get(0);
    TestPlan plan = new TestPlan(true, 3, true);
    long before = harness.memory.bytesRead("shard-0");
    try (CacheSession session = harness.cache.session(2L * BLOCK, plan, policy);
        ByteSource source = session.open(0, shard.object(), null, -1)) {
      for (int i = 0; i < SAMPLES; i++) {
        plan.position = i;
        int at = plan.order[0][i] * BLOCK;
        CacheHarness.check(shard, source.request(at, BLOCK), at, BLOCK);
        if (i % 8 == 0) {
          harness.drainSsd();
        }
      }
    }
    harness.drainSsd();
    return harness.memory.bytesRead("shard-0") - before;
  }

  private static Shard shard0(CacheHarness harness) {
    return harness.shards.get(0);
  }

  @Test
  void theNextProcessFindsEverything() throws Exception {
    try (CacheHarness harness = open(8, SAMPLES)) {
      harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      assertTrue(readAll(harness, policy()) >= (long) SAMPLES * BLOCK);
    }
    try (CacheHarness harness = open(8, SAMPLES)) {
      harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      assertEquals(SAMPLES, harness.cache.stats().ssdBlocks());
      long head = readAll(harness, policy());
      assertTrue(head < 2 * BLOCK, () -> head + " bytes fetched again, not only the shard's head");
      assertEquals(0, harness.cache.stats().ssdWrittenBytes());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ZSTD", "GZIP"})
  void decodedBlocksAreNotDecodedAgain(Codec codec) throws Exception {
    for (int run = 0; run < 2; run++) {
      try (CacheHarness harness = open(64, 400)) {
        Shard shard = harness.add(200 * BLOCK, codec, 10 * BLOCK);
        try (CacheSession session =
                harness.cache.session(16L * BLOCK, (_, at, _) -> at + 1, policy());
            ByteSource source = session.open(0, shard.object(), shard.frames(), 200L * BLOCK)) {
          for (int i = 0; i < 200; i++) {
            CacheHarness.check(shard, source.request((long) i * BLOCK, BLOCK), i * BLOCK, BLOCK);
            harness.drainSsd();
          }
        }
        assertEquals(run == 0, harness.cache.stats().decodedBytes() > 0);
        assertEquals(run == 0 ? 0 : 200L * BLOCK, harness.cache.stats().ssdHitBytes());
      }
    }
  }

  @Test
  void twoPlansOnOneShardFetchWhileCachedOnce() throws Exception {
    try (CacheHarness harness = open(24, SAMPLES + 8)) {
      Shard shard = harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      TestPlan one = new TestPlan(true, 1, true);
      TestPlan two = new TestPlan(true, 2, true);
      try (CacheSession a = harness.cache.session(2L * BLOCK, one, policy());
          CacheSession b = harness.cache.session(2L * BLOCK, two, policy());
          ByteSource fromA = a.open(0, shard.object(), null, -1);
          ByteSource fromB = b.open(0, shard.object(), null, -1)) {
        long head = harness.memory.bytesRead("shard-0");
        for (int i = 0; i < SAMPLES; i++) {
          one.position = i;
          two.position = i;
          int x = one.order[0][i] * BLOCK;
          int y = two.order[0][i] * BLOCK;
          CacheHarness.check(shard, fromA.request(x, BLOCK), x, BLOCK);
          CacheHarness.check(shard, fromB.request(y, BLOCK), y, BLOCK);
          harness.drainSsd();
        }
        assertEquals((long) SAMPLES * BLOCK, harness.memory.bytesRead("shard-0") - head);
      }
    }
  }

  @Test
  void quotasAndBypassKeepTheRestOut() throws Exception {
    try (CacheHarness harness = open(8, SAMPLES)) {
      harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      readAll(harness, policy().withBypass(true));
      assertEquals(0, harness.cache.stats().ssdBlocks());
      readAll(harness, policy().withQuotas(100L * BLOCK, Long.MAX_VALUE));
      assertEquals(100, harness.cache.stats().ssdBlocks());
      readAll(harness, policy().withQuotas(Long.MAX_VALUE, 150L * BLOCK));
      assertEquals(150, harness.cache.stats().ssdBlocks(), "what the dataset had already counts");
    }
    try (CacheHarness harness = open(8, SAMPLES)) {
      harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      readAll(harness, policy().withQuotas(Long.MAX_VALUE, 160L * BLOCK));
      assertEquals(160, harness.cache.stats().ssdBlocks(), "and what it had before the restart");
    }
  }

  /** A job at its quota has the hits of a cache of that size, evenly, and no more blocks. */
  @ParameterizedTest
  @ValueSource(doubles = {0.1, 0.25, 0.5})
  void aJobAtItsQuotaKeepsWhatItNeedsMost(double part) throws Exception {
    int quota = (int) (SAMPLES * part);
    try (CacheHarness harness = open(8, SAMPLES)) {
      int[][] hits = hits(harness, new TestPlan(true, 9, true), quotaOf(quota));
      long blocks = harness.cache.stats().ssdBlocks();
      assertTrue(blocks <= quota && blocks >= 0.95 * quota, () -> blocks + " of " + quota);
      String all = Arrays.deepToString(hits);
      for (int epoch = 2; epoch < EPOCHS; epoch++) {
        TestPlan.requireEvenHits(hits[epoch], 0.95 * quota, all);
      }
    }
  }

  /**
   * Ranks of a job read a shard each, the first of them twice, the second time in a new session.
   */
  @Test
  void theSessionsOfAJobShareItsQuota() throws Exception {
    try (CacheHarness harness = open(64, 4 * SAMPLES)) {
      for (int shard = 0; shard < 4; shard++) {
        harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      }
      CachePolicy job = quotaOf(100).ofJob("training");
      readTogether(harness, 0, 3, job);
      assertEquals(100, harness.cache.stats().ssdBlocks());
      readTogether(harness, 0, 1, job);
      assertEquals(100, harness.cache.stats().ssdBlocks(), "a later session is of the job as well");
      readTogether(harness, 2, 4, quotaOf(70).ofJob("evaluation"));
      assertEquals(170, harness.cache.stats().ssdBlocks(), "another job has its own");
      readTogether(harness, 3, 4, quotaOf(30));
      readTogether(harness, 3, 4, quotaOf(30));
      assertEquals(230, harness.cache.stats().ssdBlocks(), "and so has each session without one");
    }
  }

  /** One session for each of some shards, open at the same time, each reading some of its shard. */
  private static void readTogether(CacheHarness harness, int from, int to, CachePolicy policy)
      throws Exception {
    List<CacheSession> sessions = new ArrayList<>();
    for (int shard = from; shard < to; shard++) {
      sessions.add(harness.cache.session(2L * BLOCK, (_, at, _) -> at + 1, policy));
    }
    for (int shard = from; shard < to; shard++) {
      Shard read = harness.shards.get(shard);
      try (ByteSource source = sessions.get(shard - from).open(0, read.object(), null, -1)) {
        for (int i = 0; i < 200; i++) {
          CacheHarness.check(read, source.request((long) i * BLOCK, BLOCK), i * BLOCK, BLOCK);
          harness.drainSsd();
        }
      }
    }
    sessions.forEach(CacheSession::close);
    harness.drainSsd(); // the last block: whoever waits for it is told before it goes to the disk
  }

  /** Reads the blocks of compressed shards last first, so that the way to each passes others. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void blocksThatDecodingPassesAreOfTheJobThatItIsFor(boolean bypass) throws Exception {
    try (CacheHarness harness = open(64, SAMPLES)) {
      Shard shard = harness.add(32 * BLOCK, Codec.GZIP, 32 * BLOCK);
      CachePolicy policy = bypass ? policy().withBypass(true) : quotaOf(3);
      try (CacheSession session = harness.cache.session(40L * BLOCK, (_, at, _) -> at + 1, policy);
          ByteSource source = session.open(0, shard.object(), null, -1)) {
        for (int i = 31; i >= 0; i--) {
          CacheHarness.check(shard, source.request((long) i * BLOCK, BLOCK), i * BLOCK, BLOCK);
          harness.drainSsd();
        }
      }
      harness.drainSsd();
      long blocks = harness.cache.stats().ssdBlocks();
      assertTrue(blocks <= (bypass ? 0 : 3), blocks + " blocks");
    }
  }

  /** What is over a quota goes from its own blocks, never from another's. */
  @Test
  void aQuotaEvictsItsOwnBlocksOnly() throws Exception {
    try (CacheHarness harness = open(8, SAMPLES)) {
      harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      Shard other = harness.add(SAMPLES * BLOCK, Codec.NONE, 2);
      readAll(harness, policy().withQuotas(300L * BLOCK, Long.MAX_VALUE));
      assertEquals(300, harness.cache.stats().ssdBlocks());
      CachePolicy unknown = CachePolicy.of("other", 0).withQuotas(50L * BLOCK, Long.MAX_VALUE);
      try (CacheSession session =
              harness.cache.session(2L * BLOCK, (_, _, _) -> NextUse.NEVER, unknown);
          ByteSource source = session.open(0, other.object(), null, -1)) {
        for (int i = 0; i < 400; i++) {
          CacheHarness.check(other, source.request((long) i * BLOCK, BLOCK), i * BLOCK, BLOCK);
          harness.drainSsd();
        }
        assertEquals(350, harness.cache.stats().ssdBlocks());
        long before = session.stats().ssdHitBytes();
        for (int i = 399; i > 359; i--) {
          CacheHarness.check(other, source.request((long) i * BLOCK, BLOCK), i * BLOCK, BLOCK);
        }
        long last = (session.stats().ssdHitBytes() - before) / BLOCK;
        assertTrue(last >= 25, () -> "of a job without a plan the last used stay: " + last);
      }
    }
  }

  /** Whoever names no dataset has no dataset's blocks to give up, nor its quota. */
  @Test
  void aQuotaOfNoDatasetEvictsNobodysBlocks() throws Exception {
    try (CacheHarness harness = open(8, SAMPLES)) {
      harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      Shard other = harness.add(SAMPLES * BLOCK, Codec.NONE, 2);
      readAll(harness, policy().withQuotas(300L * BLOCK, Long.MAX_VALUE));
      CachePolicy nameless = CachePolicy.NONE.withQuotas(Long.MAX_VALUE, 0);
      try (CacheSession session =
              harness.cache.session(2L * BLOCK, (_, _, _) -> NextUse.NEVER, nameless);
          ByteSource source = session.open(0, other.object(), null, -1)) {
        for (int i = 0; i < 50; i++) {
          CacheHarness.check(other, source.request((long) i * BLOCK, BLOCK), i * BLOCK, BLOCK);
          harness.drainSsd();
        }
        assertTrue(
            harness.cache.stats().ssdBlocks() >= 300, () -> harness.cache.stats().toString());
      }
    }
  }

  /** A dataset that has more than a new quota allows shrinks to it. */
  @Test
  void aLowerQuotaOfADatasetIsKept() throws Exception {
    try (CacheHarness harness = open(8, SAMPLES)) {
      harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      readAll(harness, policy().withQuotas(Long.MAX_VALUE, 400L * BLOCK));
      assertEquals(400, harness.cache.stats().ssdBlocks());
      readAll(harness, policy().withQuotas(Long.MAX_VALUE, 200L * BLOCK));
      assertEquals(200, harness.cache.stats().ssdBlocks());
      readAll(harness, policy().withQuotas(Long.MAX_VALUE, 0));
      assertEquals(0, harness.cache.stats().ssdBlocks());
    }
  }

  @Test
  void anotherVersionOfAnObjectIsAnotherObject() throws Exception {
    try (CacheHarness harness = open(8, SAMPLES)) {
      harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      readAll(harness, policy());
    }
    try (CacheHarness harness = open(8, SAMPLES)) {
      harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      byte[] other = new byte[SAMPLES * BLOCK];
      harness.shards.set(
          0,
          new Shard(
              other, harness.memory.put("shard-0", other), shard0(harness).frames(), Codec.NONE));
      readAll(harness, policy());
      assertEquals(0, harness.cache.stats().ssdHitBytes());
    }
  }

  @Test
  void theOldDatasetMakesRoomForTheNew() throws Exception {
    try (CacheHarness harness = open(8, SAMPLES)) {
      harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      readAll(harness, policy());
    }
    try (CacheHarness harness = open(8, SAMPLES)) {
      byte[] other = new byte[SAMPLES * BLOCK];
      harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      harness.shards.set(
          0,
          new Shard(
              other, harness.memory.put("shard-0", other), shard0(harness).frames(), Codec.NONE));
      readAll(harness, policy());
      readAll(harness, policy());
      long before = harness.cache.stats().ssdHitBytes();
      readAll(harness, policy());
      long hits = (harness.cache.stats().ssdHitBytes() - before) / BLOCK;
      assertTrue(hits >= 0.95 * SAMPLES, () -> hits + " of " + SAMPLES);
    }
  }
}
