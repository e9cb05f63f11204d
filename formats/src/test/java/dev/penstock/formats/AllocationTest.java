package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Parsing allocates nothing once warm, counted by the JVM for this thread. */
class AllocationTest {
  private static final int SAMPLES = 200;
  private static final int ROUNDS = 50;

  /** {@code com.sun.management.ThreadMXBean}, which this module does not require. */
  private static long allocatedBytes() throws ReflectiveOperationException {
    Class<?> factory = Class.forName("java.lang.management.ManagementFactory");
    Object bean = factory.getMethod("getThreadMXBean").invoke(null);
    Method counter =
        Class.forName("com.sun.management.ThreadMXBean")
            .getMethod("getCurrentThreadAllocatedBytes");
    return (long) counter.invoke(bean);
  }

  private static void assertParsesWithoutAllocating(byte[] shard, int pieceBytes)
      throws IOException, InterruptedException {
    MemorySource source = new MemorySource("x", shard, pieceBytes, true);
    ShardIndex index = ShardIndex.scan(source, Codec.NONE, IndexOptions.detecting());
    SampleParser parser = index.kind().format().parser();
    SampleView view = new SampleView();
    List<ByteRun> runs = new ArrayList<>();
    for (int i = 0; i < index.sampleCount(); i++) {
      ByteRun run = new ByteRun();
      try (ByteSource.ByteLease lease =
          source.request(index.sampleOffset(i), index.sampleBytes(i))) {
        lease.await(run);
      }
      runs.add(run);
    }
    long fewest = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long before;
      long after;
      long overhead;
      try {
        long started = allocatedBytes();
        before = allocatedBytes();
        overhead = before - started;
        for (int i = 0; i < runs.size(); i++) {
          parser.parse("x", index.sampleOffset(i), runs.get(i), view);
        }
        after = allocatedBytes();
      } catch (ReflectiveOperationException missing) {
        assumeTrue(false, "the JVM does not count allocation: " + missing);
        return;
      }
      fewest = Math.min(fewest, after - before - overhead);
    }
    // What is left is what the counting itself allocates, give or take.
    long bytes = fewest;
    assertTrue(bytes < 4L * SAMPLES, () -> bytes + " bytes for " + SAMPLES + " samples");
  }

  @Test
  void tar() throws IOException, InterruptedException {
    byte[] shard = Shards.tar(Shards.samples(new Random(1), SAMPLES, 2000), WriterOptions.plain());
    assertParsesWithoutAllocating(shard, Integer.MAX_VALUE);
    assertParsesWithoutAllocating(shard, 700);
  }

  @Test
  void examples() throws IOException, InterruptedException {
    byte[] shard =
        Shards.tfRecord(
            Shards.samples(new Random(1), SAMPLES, 2000),
            TfRecordFormat.example(),
            WriterOptions.plain());
    assertParsesWithoutAllocating(shard, Integer.MAX_VALUE);
    assertParsesWithoutAllocating(shard, 700);
  }
}
