package dev.penstock.bridge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a read costs, hand-off included: {@code BlockReaderCost FILE [GIB]}, where FILE holds at
 * least 1 GiB on the disk in question. Prints bandwidth and CPU seconds of the whole process per
 * GiB for each engine, in one run. A program rather than a test: its figures depend on the machine.
 */
final class BlockReaderCost {
  private static final int BLOCK_BYTES = 512 << 10;

  private BlockReaderCost() {}

  /** One line of the output. */
  private record Case(
      String name,
      BlockReaderConfig.Engine engine,
      boolean fixed,
      int depth,
      ReadMode mode,
      int fileShift) {}

  public static void main(String[] arguments) throws Exception {
    Path path = Path.of(arguments[0]);
    int gibibytes = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 4;
    System.out.printf("%s, %d MiB, %d GiB per line%n", path, Files.size(path) >> 20, gibibytes);
    NativeSupport.report().forEach((feature, text) -> System.out.println(feature + ": " + text));
    BlockReaderConfig.Engine ring = BlockReaderConfig.Engine.IO_URING;
    BlockReaderConfig.Engine channel = BlockReaderConfig.Engine.CHANNEL;
    for (int round = 0; round < 2; round++) {
      for (int depth : new int[] {16, 32}) {
        measure(new Case("fixed", ring, true, depth, ReadMode.DIRECT, 0), path, gibibytes);
        measure(new Case("not fixed", ring, false, depth, ReadMode.DIRECT, 0), path, gibibytes);
        measure(new Case("pread", channel, false, depth, ReadMode.DIRECT, 0), path, gibibytes);
      }
      measure(new Case("fixed, misaligned", ring, true, 16, ReadMode.DIRECT, 1), path, gibibytes);
      measure(new Case("fixed, buffered", ring, true, 16, ReadMode.BUFFERED, 0), path, gibibytes);
      measure(
          new Case("pread, buffered", channel, false, 16, ReadMode.BUFFERED, 0), path, gibibytes);
      measureNow(path, gibibytes);
    }
  }

  private static void measure(Case what, Path path, int gibibytes)
      throws IOException, InterruptedException {
    ByteBudget budget = ByteBudget.of(1L << 30);
    try (BlockPool pool = BlockPool.open(budget, "blocks", BLOCK_BYTES, 2 * what.depth)) {
      BlockReaderConfig config =
          BlockReaderConfig.of(budget)
              .withEngine(what.engine)
              .withQueueDepth(what.depth)
              .withChannelThreads(what.depth);
      if (what.fixed) {
        config = config.withFixedRegion(pool.slab());
      }
      try (BlockReader reader = BlockReader.open(config);
          BlockReader.ReadableFile file = reader.open(path, what.mode)) {
        run(reader, file, what.fileShift, pool, 256);
        long cpu = SystemClock.processCpuNanos();
        long start = System.nanoTime();
        int blocks = gibibytes * ((1 << 30) / BLOCK_BYTES);
        run(reader, file, what.fileShift, pool, blocks);
        double seconds = (System.nanoTime() - start) / 1e9;
        double cpuSeconds = (SystemClock.processCpuNanos() - cpu) / 1e9;
        System.out.printf(
            "%-18s depth %2d  %6.0f MB/s  %.4f CPU-s/GiB  (%s%s)%n",
            what.name,
            what.depth,
            (double) blocks * BLOCK_BYTES / 1e6 / seconds,
            cpuSeconds / gibibytes,
            file.modeReason(),
            file.cachedAtOpen() ? ", cached" : "");
      }
    }
  }

  /** Blocking reads through the page cache, on this thread, into a slab of 16 MiB. */
  private static void measureNow(Path path, int gibibytes) throws IOException {
    ByteBudget budget = ByteBudget.of(1L << 30);
    try (BlockPool pool = BlockPool.open(budget, "blocks", BLOCK_BYTES, 32);
        BlockReader reader = BlockReader.open(BlockReaderConfig.of(budget));
        BlockReader.ReadableFile file = reader.open(path, ReadMode.BUFFERED)) {
      pool.slab().fill((byte) 0);
      int fileBlocks = (int) (file.sizeBytes() / BLOCK_BYTES);
      int blocks = gibibytes * ((1 << 30) / BLOCK_BYTES);
      long cpu = 0;
      long start = 0;
      for (int index = -fileBlocks; index < blocks; index++) {
        if (index == 0) {
          // Everything is in the page cache now, if it is large enough.
          cpu = SystemClock.processCpuNanos();
          start = System.nanoTime();
        }
        long at = (long) Math.floorMod(index, fileBlocks) * BLOCK_BYTES;
        file.readNow(at, pool.slab(), pool.offset(Math.floorMod(index, 32)), BLOCK_BYTES);
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      System.out.printf(
          "%-16s cached    %6.0f MB/s  %.4f CPU-s/GiB%n",
          "readNow",
          (double) blocks * BLOCK_BYTES / 1e6 / seconds,
          (SystemClock.processCpuNanos() - cpu) / 1e9 / gibibytes);
    }
  }

  private static void run(
      BlockReader reader, BlockReader.ReadableFile file, int shift, BlockPool pool, int blocks)
      throws InterruptedException {
    Semaphore free = new Semaphore(pool.blockCount());
    AtomicLong failed = new AtomicLong();
    Random random = new Random(7);
    int fileBlocks = (int) Math.min(Integer.MAX_VALUE, file.sizeBytes() / BLOCK_BYTES) - 1;
    for (int index = 0; index < blocks; index++) {
      if (!free.tryAcquire()) {
        reader.flush();
        free.acquire();
      }
      int block = pool.take();
      long at = (long) random.nextInt(fileBlocks) * BLOCK_BYTES + shift;
      reader.read(
          file,
          at,
          pool.slab(),
          pool.offset(block),
          BLOCK_BYTES,
          result -> {
            if (result != BLOCK_BYTES) {
              failed.set(result);
            }
            file.dropCache(at, BLOCK_BYTES);
            pool.give(block);
            free.release();
          });
    }
    reader.flush();
    free.acquire(pool.blockCount());
    if (failed.get() != 0) {
      throw new IllegalStateException("read failed: " + Errno.name(failed.get()));
    }
  }
}
