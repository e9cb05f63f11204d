package dev.penstock.cache.ssd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.BlockPool;
import dev.penstock.bridge.ByteBudget;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A process that fills a device and evicts from it is killed at random moments, again and again on
 * one directory; one that changes its size all the time as well. The next one takes over at once,
 * finds true blocks only, and leaves no second file. {@code -Dpenstock.kills=500} for as many as
 * the issue asks for; a few in an ordinary build.
 */
@Timeout(3600)
final class KillTest {
  private static final int BLOCK = 64 << 10;
  private static final long BYTES = 16L << 20;
  private static final int BLOCKS = 600;

  @TempDir Path directory;

  /** Of a device whose size changes: small, so that groups of slots come and go. */
  private static final int SMALL_BLOCK = 4096;

  private static SsdDevice open(Path path, long bytes, ByteBudget budget, BlockPool pool)
      throws IOException {
    return SsdStore.open(path, bytes, pool.blockBytes(), budget, pool.slab(), Optional.empty(), 8);
  }

  /** From 30 to 1,000 slots. */
  private static long anySize(SplittableRandom random) {
    return random.nextInt(40, 1040) * (long) SMALL_BLOCK;
  }

  private static byte[] content(int number, int block) {
    byte[] bytes = new byte[block - number % 3 * 1000];
    new Random(number).nextBytes(bytes);
    return bytes;
  }

  private static BlockId id(int number) {
    return new BlockId(new ObjectId(number / 50, 7), false, number);
  }

  /** The victim: writes and evicts, or opens with another size again and again, until killed. */
  static final class Victim {
    private final ByteBudget budget = ByteBudget.of(64 << 20);
    private final Semaphore places = new Semaphore(8);
    private final SplittableRandom random;
    private final BlockPool pool;

    private Victim(long seed, int block) {
      random = new SplittableRandom(seed);
      pool = BlockPool.open(budget, "victim", block, 8);
    }

    /** {@code args}: the directory, a seed, "resize" if the size is to change. */
    public static void main(String[] args) throws Exception {
      Path path = Path.of(args[0]);
      boolean resizes = args[2].equals("resize");
      Victim victim = new Victim(Long.parseLong(args[1]), resizes ? SMALL_BLOCK : BLOCK);
      if (resizes) {
        victim.resize(path);
      } else {
        victim.work(open(path, BYTES, victim.budget, victim.pool), Long.MAX_VALUE);
      }
    }

    private void resize(Path path) throws Exception {
      while (true) {
        try (SsdDevice device = open(path, anySize(random), budget, pool)) {
          work(device, 1 + random.nextInt(300));
        }
      }
    }

    private void work(SsdDevice device, long times) throws InterruptedException {
      System.out.println("ready");
      System.out.flush();
      for (long i = 0; i < times; i++) {
        work(device);
      }
    }

    private void work(SsdDevice device) throws InterruptedException {
      int number = random.nextInt(BLOCKS);
      byte[] bytes = content(number, pool.blockBytes());
      places.acquire();
      int slot = device.claim(id(number), bytes.length, 1, 1);
      if (slot < 0) {
        device.evict(random, 8, -1, (_, age) -> age);
        places.release();
        return;
      }
      int place = pool.take();
      MemorySegment.copy(
          MemorySegment.ofArray(bytes), 0, pool.slab(), pool.offset(place), bytes.length);
      device.write(
          slot,
          pool.slab(),
          pool.offset(place),
          () -> {
            pool.give(place);
            places.release();
          });
    }
  }

  private Process start(Path path, int seed, boolean resizes) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return new ProcessBuilder(
            java,
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-Xmx64m",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            classPath(),
            Victim.class.getName(),
            path.toString(),
            Integer.toString(seed),
            resizes ? "resize" : "stay")
        .redirectError(directory.resolve("errors").toFile())
        .start();
  }

  private static String classPath() {
    String modules = System.getProperty("jdk.module.path", "");
    String tests = System.getProperty("penstock.test.classes", "target/test-classes");
    return String.join(
        ":", tests, modules, System.getProperty("java.class.path", ""), "target/classes");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void atRandomMomentsNothingWrongStaysBehind(boolean resizes) throws Exception {
    int kills = Integer.getInteger("penstock.kills", 6);
    Path path = directory.resolve("ssd");
    Random random = new Random(1);
    long found = 0;
    for (int kill = 0; kill < kills; kill++) {
      Process victim = start(path, kill, resizes);
      try (BufferedReader said = victim.inputReader(StandardCharsets.UTF_8)) {
        assertEquals("ready", said.readLine(), () -> errors());
        victim.waitFor(random.nextInt(700), TimeUnit.MILLISECONDS);
      } finally {
        victim.destroyForcibly().waitFor();
      }
      found +=
          resizes
              ? check(path, anySize(new SplittableRandom(kill)), SMALL_BLOCK)
              : check(path, BYTES, BLOCK);
      try (var files = Files.list(path)) {
        assertEquals(List.of(path.resolve(SsdStore.FILE_NAME)), files.toList());
      }
    }
    assertTrue(found > 0, "there was something to find");
  }

  private String errors() {
    try {
      return Files.readString(directory.resolve("errors"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Reads every block that the device says it has; how many those are. */
  private static int check(Path path, long bytes, int block) throws Exception {
    ByteBudget budget = ByteBudget.of(64 << 20);
    int found = 0;
    try (BlockPool pool = BlockPool.open(budget, "check", block, 2);
        SsdDevice device = open(path, bytes, budget, pool)) {
      int place = pool.take();
      for (int number = 0; number < BLOCKS; number++) {
        int slot = device.pin(id(number));
        if (slot < 0) {
          continue;
        }
        CompletableFuture<Integer> done = new CompletableFuture<>();
        device.read(slot, pool.slab(), pool.offset(place), done::complete);
        device.flush();
        int read = done.get(30, TimeUnit.SECONDS);
        byte[] wanted = content(number, block);
        assertEquals(wanted.length, read, "block " + number + " of slot " + slot);
        byte[] got = new byte[read];
        MemorySegment.copy(pool.slab(), pool.offset(place), MemorySegment.ofArray(got), 0, read);
        assertEquals(-1, Arrays.mismatch(wanted, got), "wrong bytes of block " + number);
        found++;
      }
      assertEquals(found, device.stats().blocks());
      pool.give(place);
    }
    return found;
  }
}
