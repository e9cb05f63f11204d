package dev.penstock.loader.sidecar;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.SsdConfig;
import dev.penstock.loader.CacheUse;
import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.Loader;
import dev.penstock.loader.LoaderConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whose blocks a job's quota of the cache directories counts: those of all its ranks. */
@Timeout(120)
class JobQuotaTest {
  private static final int BLOCK = 64 << 10;
  private static final int QUOTA_BLOCKS = 6;

  @TempDir Path root = Path.of("");

  private EngineConfig engine() {
    SsdConfig.Directory cache =
        new SsdConfig.Directory(root.resolve("cache"), OptionalLong.of(16 << 20));
    return EngineConfig.embedded()
        .withMemoryBytes(128L << 20)
        .withMaxSessions(4)
        .withCpus(2)
        .withBlockBytes(BLOCK)
        .withReadMode(ReadMode.DIRECT)
        .withRamTier(false)
        .withSsd(SsdConfig.of(List.of(cache)));
  }

  /** Four ranks read their parts, each with a quota; how many blocks they leave. */
  private long leftBy(Path data, List<String> jobs) throws Exception {
    SidecarConfig config = SidecarConfig.of(root.resolve("run"), engine());
    try (Sidecar sidecar = Sidecar.open(config)) {
      for (int rank = 0; rank < 4; rank++) {
        try (TestClient client = TestClient.greeted(sidecar.socket())) {
          ObjectNode open = TestClient.open(data, 8).put("rank", rank).put("world_size", 4);
          open.put("cache_quota", QUOTA_BLOCKS * BLOCK);
          if (!jobs.isEmpty()) {
            open.put("job", jobs.get(rank));
          }
          client.start(open);
          client.drain();
        }
      }
    }
    LoaderConfig look =
        LoaderConfig.builder(data.toString())
            .engine(engine())
            .cache(CacheUse.BYPASS)
            .batchSize(8)
            .build();
    try (Loader loader = Loader.open(look)) {
      return loader.engine().cacheStats().ssdBlocks();
    }
  }

  @Test
  void ranksOfOneOrderAreOneJobUnlessTheySayOtherwise() throws Exception {
    Path data = TestData.archive(root.resolve("d.tar"), 256, i -> 20_000);
    long unnamed = leftBy(data, List.of());
    assertTrue(unnamed > 0 && unnamed <= QUOTA_BLOCKS, unnamed + " blocks");
    long named = leftBy(data, List.of("a", "b", "c", "d"));
    assertTrue(named > 2 * QUOTA_BLOCKS, named + " blocks of four jobs");
  }
}
