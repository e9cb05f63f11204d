package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.BudgetExceededException;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.CacheSession;
import dev.penstock.cache.NextUse;
import dev.penstock.sharding.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What could not be opened or started leaves nothing behind; what is open is found again. */
class FailedStartTest {
  @TempDir Path directory;

  private LoaderConfig.Builder config() {
    return LoaderConfig.builder(directory.toString()).memoryBytes(64 << 20).cpus(2).batchSize(4);
  }

  @Test
  void sessionWithoutMemoryForItsThreads() throws IOException {
    TestShards.write(directory, 1, 20, 1000);
    LoaderConfig config = config().onBad(BadSamplePolicy.REPLACE).build();
    ByteBudget budget;
    try (Engine engine = Engine.open(config.engine())) {
      budget = engine.budget();
      SessionPlan plan = engine.plan(config.session());
      try (LocalRing ring = new LocalRing(budget, 3, plan.slotBytes())) {
        long used = budget.usedBytes();
        long left = LargeFields.BESIDE_BYTES; // for one gather thread, not for two
        try (ByteBudget.Reservation others =
            budget.reserve("others", budget.capacityBytes() - used - left)) {
          assertTrue(others.bytes() > 0);
          assertThrows(BudgetExceededException.class, () -> engine.start(plan, ring, f -> {}));
          assertEquals(budget.capacityBytes() - left, budget.usedBytes());
        }
        engine.start(plan, ring, f -> {}).close();
        assertEquals(used, budget.usedBytes());
      }
    }
    assertEquals(0, budget.usedBytes());
  }

  @Test
  void datasetWithOneBadShard() throws IOException {
    Files.write(directory.resolve("a.tar"), new byte[3000]);
    Files.writeString(directory.resolve("b.tar"), "no tar archive".repeat(300));
    TestShards.write(directory, 2, 20_000, 500);
    LoaderConfig config = config().build();
    Engine engine = Engine.open(config.engine());
    Throwable failure =
        assertThrows(Exception.class, () -> Loader.open(config, engine), "b.tar is no archive");
    assertEquals(List.of(), List.of(failure.getSuppressed()), String.valueOf(failure));
    assertEquals(0, engine.budget().usedBytes());
  }

  @Test
  void moreShardsInUseThanAreKeptIdle() throws IOException {
    int shards = ShardTable.MAX_IDLE + 8;
    TestShards.write(directory, shards, 1, 100);
    LoaderConfig config = config().build();
    try (Engine engine = Engine.open(config.engine())) {
      SessionPlan plan = engine.plan(config.session());
      try (CacheSession reads =
              engine.cache().session(4 << 20, (shard, offset, length) -> NextUse.NEVER);
          ShardTable table = new ShardTable(plan.dataset(), reads, plan.schema())) {
        List<ShardView> views = new ArrayList<>();
        for (int shard = 0; shard < shards; shard++) {
          views.add(table.acquire(shard));
        }
        for (int shard = 0; shard < shards; shard++) {
          assertSame(views.get(shard), table.acquire(shard), "shard " + shard);
        }
      }
    }
  }

  @Test
  void nextUseNeedsNoIndexThatWasLetGo() throws IOException {
    TestShards.write(directory, 2, 20, 1000);
    LoaderConfig config = config().build();
    try (Engine engine = Engine.open(config.engine())) {
      Dataset dataset =
          Dataset.open(engine, List.of(directory.toString()), false, null, new IndexCache(0));
      SessionPlan plan = PlannedSession.of(config.session(), dataset);
      try (var files = Files.newDirectoryStream(directory)) {
        for (Path file : files) {
          Files.delete(file);
        }
      }
      assertEquals(
          ((Plan) plan.order()).nextUse(1, 0, 20, 0),
          plan.nextUse().after(1, 5000, 512),
          "of the shard");
    }
  }
}
