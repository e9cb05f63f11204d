package dev.penstock.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.CacheHarness.Shard;
import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.cache.origin.MemoryOrigin;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.Codec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several cache directories of which some change between runs: what stays is found. */
@Timeout(120)
final class SsdDirectoriesTest {
  private static final int BLOCK = 4096;
  private static final int SAMPLES = 600;

  @TempDir Path directory;

  private SsdConfig.Directory device(String name, int slots) {
    return CacheHarness.ssd(directory.resolve(name), slots).directories().get(0);
  }

  private CacheHarness open(boolean encrypted, List<SsdConfig.Directory> devices) throws Exception {
    Optional<CacheKey> key =
        encrypted
            ? Optional.of(CacheKey.read(Files.write(directory.resolve("key"), new byte[32])))
            : Optional.empty();
    return new CacheHarness(
        CacheConfig.of(8L * BLOCK, BLOCK).withRamTier(false),
        Faults.NONE,
        1,
        MemoryOrigin.remote(),
        SsdConfig.of(devices).withKey(key));
  }

  /** Reads all in order; how many blocks the devices had. */
  private static int readAll(CacheHarness harness, boolean bypass) throws Exception {
    Shard shard = harness.shards.get(0);
    CachePolicy policy = CachePolicy.of("test", (long) SAMPLES * BLOCK).withBypass(bypass);
    try (CacheSession session = harness.cache.session(2L * BLOCK, (_, at, _) -> at + 1, policy);
        ByteSource source = session.open(0, shard.object(), null, -1)) {
      for (int i = 0; i < SAMPLES; i++) {
        CacheHarness.check(shard, source.request((long) i * BLOCK, BLOCK), i * BLOCK, BLOCK);
        if (i % 8 == 0) {
          harness.drainSsd();
        }
      }
      return (int) (session.stats().ssdHitBytes() / BLOCK);
    }
  }

  /** One run over some devices; how many blocks they had before it, each counted once. */
  private int run(boolean encrypted, List<SsdConfig.Directory> devices) throws Exception {
    try (CacheHarness harness = open(encrypted, devices)) {
      harness.add(SAMPLES * BLOCK, Codec.NONE, 1);
      long had = harness.cache.stats().ssdBlocks();
      int found = readAll(harness, true);
      assertTrue(found <= had, found + " of " + had);
      readAll(harness, false);
      assertEquals(0, harness.cache.stats().ssdCorruptBlocks());
      return found;
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDeviceThatChangesComesOrGoesLeavesTheOthersAsTheyWere(boolean encrypted) throws Exception {
    List<SsdConfig.Directory> devices =
        new ArrayList<>(List.of(device("a", 150), device("b", 300), device("c", 200)));
    assertEquals(0, run(encrypted, devices));
    int all = run(encrypted, devices);
    assertTrue(all >= 0.95 * SAMPLES, all + " of " + SAMPLES);
    long ofC = Files.size(directory.resolve("c/penstock.blocks"));

    // One grows, one shrinks, one comes.
    devices.set(0, device("a", 250));
    devices.set(1, device("b", 60));
    devices.add(device("d", 300));
    int kept = run(encrypted, devices);
    assertTrue(kept >= all - 300 + 50 && kept <= all - 200, kept + " of " + all);
    assertEquals(ofC, Files.size(directory.resolve("c/penstock.blocks")));
    assertTrue(Files.size(directory.resolve("b/penstock.blocks")) <= 70L * BLOCK);

    // One goes, and comes back.
    SsdConfig.Directory gone = devices.remove(2);
    int without = run(encrypted, devices);
    assertTrue(without >= 150, without + " blocks on what is left");
    devices.add(gone);
    int with = run(encrypted, devices);
    assertTrue(with > without, with + " blocks with the one that was away");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSizeThatIsNotGivenIsTheOneItHas(boolean encrypted) throws Exception {
    run(encrypted, List.of(device("a", 300)));
    int had = run(encrypted, List.of(device("a", 500)));
    assertTrue(had >= 290, had + " of 300");
    long size = Files.size(directory.resolve("a/penstock.blocks"));
    SsdConfig.Directory unsized =
        new SsdConfig.Directory(directory.resolve("a"), OptionalLong.empty());
    assertTrue(run(encrypted, List.of(unsized)) >= 490);
    assertEquals(size, Files.size(directory.resolve("a/penstock.blocks")));
  }
}
