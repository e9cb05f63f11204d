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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that fills a device and evicts from it is killed at random moments, again and again on
 * one directory. The next one takes over at once, finds true blocks only, and leaves no second
 * file. {@code -Dpenstock.kills=500} for as many as the issue asks for; a few in an ordinary build.
 */
@Timeout(3600)
final class KillTest {
  private static final int BLOCK = 64 << 10;
  private static final long BYTES = 16L << 20;
  private static final int BLOCKS = 600;

  @TempDir Path directory;

  private static SsdDevice open(Path path, ByteBudget budget, BlockPool pool) throws IOException {
    return SsdStore.open(path, BYTES, BLOCK, budget, pool.slab(), Optional.empty(), 8);
  }

  private static byte[] content(int number) {
    byte[] bytes = new byte[BLOCK - number % 3 * 1000];
    new Random(number).nextBytes(bytes);
    return bytes;
  }

  private static BlockId id(int number) {
    return new BlockId(new ObjectId(number / 50, 7), false, number);
  }

  /** The victim: writes and evicts until it is killed. */
  static final class Victim {
    private Victim() {}

    /** {@code args}: the directory, a seed. */
    public static void main(String[] args) throws Exception {
      ByteBudget budget = ByteBudget.of(64 << 20);
      BlockPool pool = BlockPool.open(budget, "victim", BLOCK, 8);
      SplittableRandom random = new SplittableRandom(Long.parseLong(args[1]));
      Semaphore places = new Semaphore(8);
      SsdDevice device = open(Path.of(args[0]), budget, pool);
      System.out.println("ready");
      System.out.flush();
      while (true) {
        int number = random.nextInt(BLOCKS);
        byte[] bytes = content(number);
        places.acquire();
        int slot = device.claim(id(number), bytes.length, 1, 1);
        if (slot < 0) {
          device.evict(random, 8, -1, (_, age) -> age);
          places.release();
          continue;
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
  }

  private Process start(Path path, int seed) throws IOException {
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
            Integer.toString(seed))
        .redirectError(directory.resolve("errors").toFile())
        .start();
  }

  private static String classPath() {
    String modules = System.getProperty("jdk.module.path", "");
    String tests = System.getProperty("penstock.test.classes", "target/test-classes");
    return String.join(
        ":", tests, modules, System.getProperty("java.class.path", ""), "target/classes");
  }

  @Test
  void atRandomMomentsNothingWrongStaysBehind() throws Exception {
    int kills = Integer.getInteger("penstock.kills", 6);
    Path path = directory.resolve("ssd");
    Random random = new Random(1);
    long found = 0;
    for (int kill = 0; kill < kills; kill++) {
      Process victim = start(path, kill);
      try (BufferedReader said = victim.inputReader(StandardCharsets.UTF_8)) {
        assertEquals("ready", said.readLine(), () -> errors());
        victim.waitFor(random.nextInt(700), TimeUnit.MILLISECONDS);
      } finally {
        victim.destroyForcibly().waitFor();
      }
      found += check(path);
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
  private static int check(Path path) throws Exception {
    ByteBudget budget = ByteBudget.of(64 << 20);
    int found = 0;
    try (BlockPool pool = BlockPool.open(budget, "check", BLOCK, 2);
        SsdDevice device = open(path, budget, pool)) {
      int place = pool.take();
      for (int number = 0; number < BLOCKS; number++) {
        int slot = device.pin(id(number));
        if (slot < 0) {
          continue;
        }
        CompletableFuture<Integer> done = new CompletableFuture<>();
        device.read(slot, pool.slab(), pool.offset(place), done::complete);
        device.flush();
        int bytes = done.get(30, TimeUnit.SECONDS);
        byte[] wanted = content(number);
        assertEquals(wanted.length, bytes, "block " + number + " of slot " + slot);
        byte[] got = new byte[bytes];
        MemorySegment.copy(pool.slab(), pool.offset(place), MemorySegment.ofArray(got), 0, bytes);
        assertEquals(-1, Arrays.mismatch(wanted, got), "wrong bytes of block " + number);
        found++;
      }
      assertEquals(found, device.stats().blocks());
      pool.give(place);
    }
    return found;
  }
}
