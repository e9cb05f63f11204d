package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.origin.MemoryOrigin;
import dev.penstock.sharding.Plan;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What emulated hosts fetch, counted at the origin. The shape is that of ImageNet in 147 shards
 * with a global batch of 1,024, at a 32nd of the samples, a 25th of their size, and blocks that
 * hold as many of them.
 */
class HostBytesTest {
  private static final int SHARDS = 147;
  private static final int SAMPLES_EACH = 272;
  private static final int HOSTS = 8;
  private static final int BATCH = 1024;
  private static final int SAMPLE_BYTES = 4096;

  @TempDir static Path indexes = Path.of("");
  private static final byte[][] DATA = new byte[SHARDS][];
  private static long allBytes;

  @BeforeAll
  static void makeShards() throws IOException {
    for (int shard = 0; shard < SHARDS; shard++) {
      ByteArrayOutputStream tar = new ByteArrayOutputStream();
      for (int i = 0; i < SAMPLES_EACH; i++) {
        int number = shard * SAMPLES_EACH + i;
        byte[] bytes = new byte[SAMPLE_BYTES - 512 - 300 + (number * 31) % 600];
        byte[] key = TestShards.key(number).getBytes(StandardCharsets.UTF_8);
        System.arraycopy(key, 0, bytes, 0, key.length);
        TestShards.member(tar, TestShards.key(number) + ".jpg", bytes);
      }
      tar.write(new byte[1024]);
      DATA[shard] = tar.toByteArray();
      allBytes += DATA[shard].length;
    }
  }

  /** One host's engine over an origin that counts for this host alone. */
  private static final class Host implements AutoCloseable {
    final MemoryOrigin origin = MemoryOrigin.remote();
    final Loader loader;
    private long counted;

    Host(int rank, int epochs) throws IOException {
      for (int shard = 0; shard < SHARDS; shard++) {
        origin.put(name(shard), DATA[shard]);
      }
      EngineConfig engine =
          EngineConfig.embedded()
              .withMemoryBytes(36 << 20) // 22.5 MiB of blocks
              .withBlockBytes(16 << 10)
              .withCpus(1)
              .withReadMode(ReadMode.BUFFERED)
              .withIndexDirectory(Optional.of(indexes));
      LoaderConfig config =
          LoaderConfig.builder("mem://d/{000..146}.tar")
              .engine(engine)
              .batchSize(BATCH / HOSTS)
              .world(HOSTS)
              .rank(rank)
              .seed(11)
              .epochs(epochs)
              .build();
      loader = Loader.open(config, Engine.open(engine, o -> o.handles("/a") ? replaced(o) : o));
    }

    private MemoryOrigin replaced(dev.penstock.cache.origin.Origin files) {
      files.close();
      return origin;
    }

    private static String name(int shard) {
      return "d/%03d.tar".formatted(shard);
    }

    private long total() {
      return IntStream.range(0, SHARDS).mapToLong(shard -> origin.bytesRead(name(shard))).sum();
    }

    /** Bytes asked of the origin since the last call. */
    long fetched() {
      long total = total();
      long since = total - counted;
      counted = total;
      return since;
    }

    @Override
    public void close() {
      loader.close();
    }
  }

  @Test
  void eightHostsFetchAnEighthEachAndNothingInTheSecondEpoch() throws IOException {
    new Host(0, 1).close(); // builds the indexes
    for (int rank = 0; rank < HOSTS; rank++) {
      long[] fetched = new long[2];
      int steps = 0;
      long perEpoch;
      try (Host host = new Host(rank, 2)) {
        Plan plan = (Plan) host.loader.plan();
        perEpoch = plan.stepsPerEpoch();
        assertEquals(256, plan.lanes());
        assertEquals(16, plan.spec().groups());
        assertEquals(1.0, plan.readAmplification(HOSTS));
        for (Batch batch : host.loader) {
          try (batch) {
            steps++;
            if (batch.step() == perEpoch - 1) {
              fetched[0] = host.fetched();
            }
          }
        }
        fetched[1] = host.fetched();
      }
      assertEquals(2 * perEpoch, steps);
      System.out.printf(
          "host %d: first epoch %.2f %% of an eighth (%.1f MiB), second %.2f %%%n",
          rank,
          800.0 * fetched[0] / allBytes,
          allBytes / 8.0 / (1 << 20),
          800.0 * fetched[1] / allBytes);
      double share = HOSTS * (double) fetched[0] / allBytes;
      assertTrue(share > 0.97 && share < 1.03, "host " + rank + ": " + share);
      assertTrue(HOSTS * (double) fetched[1] / allBytes < 0.01, "host " + rank);
    }
  }
}
