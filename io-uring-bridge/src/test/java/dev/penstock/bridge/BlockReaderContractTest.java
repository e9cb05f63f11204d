package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every engine promises. Each engine's test extends this one. */
abstract class BlockReaderContractTest {
  private static final int BLOCK_BYTES = 512 << 10;

  @TempDir Path directory;

  final ByteBudget budget = ByteBudget.of(256 << 20);
  BlockPool pool;
  BlockReader reader;
  private boolean closed;
  private int descriptorsBefore;

  /** Opens the engine under test; may assume that the system allows it. */
  abstract BlockReader openReader(BlockReaderConfig config) throws IOException;

  BlockReaderContractTest() {
    pool = BlockPool.open(budget, "test", BLOCK_BYTES, 16);
    descriptorsBefore = ProcessMemory.openDescriptors();
    try {
      reader = openReader(config().withFixedRegion(pool.slab()));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  final BlockReaderConfig config() {
    return BlockReaderConfig.of(budget).withQueueDepth(32);
  }

  @BeforeEach
  void warmUp() throws Exception {
    // Whatever the JDK opens once for all is open before descriptors are counted.
    file("warm", 10_000);
    try (BlockReader.ReadableFile file = reader.open(directory.resolve("warm"), ReadMode.AUTO)) {
      assertEquals(10_000, read(file, 0, 0, 10_001));
    }
  }

  @AfterEach
  void nothingIsLeft() {
    if (!closed) {
      reader.close();
    }
    pool.close();
    assertEquals(0, budget.usedBytes());
  }

  private byte[] file(String name, int size) throws IOException {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    Files.write(directory.resolve(name), bytes);
    return bytes;
  }

  private CompletableFuture<Long> submit(
      BlockReader.ReadableFile file, long at, long to, int length) {
    CompletableFuture<Long> result = new CompletableFuture<>();
    reader.read(file, at, pool.slab(), to, length, result::complete);
    return result;
  }

  private long read(BlockReader.ReadableFile file, long at, long to, int length) throws Exception {
    CompletableFuture<Long> result = submit(file, at, to, length);
    reader.flush();
    return result.get(20, TimeUnit.SECONDS);
  }

  private void assertHolds(byte[] bytes, int from, int length, long to) {
    MemorySegment want = MemorySegment.ofArray(bytes).asSlice(from, length);
    assertEquals(-1, want.mismatch(pool.slab().asSlice(to, length)));
  }

  @ParameterizedTest
  @EnumSource(ReadMode.class)
  void anyOffsetLengthAndAddress(ReadMode mode) throws Exception {
    int size = (3 << 20) + 1234;
    byte[] bytes = file("data", size);
    Random random = new Random(5);
    try (BlockReader.ReadableFile file = reader.open(directory.resolve("data"), mode)) {
      assertEquals(size, file.sizeBytes());
      for (int round = 0; round < 300; round++) {
        int at = random.nextInt(size + 5000) & (round % 3 == 0 ? -4096 : -1);
        int to = random.nextInt(1 << 20) & (round % 2 == 0 ? -4096 : -1);
        int length = random.nextInt(round % 5 == 0 ? 2 << 20 : 9000);
        int expected = Math.clamp((long) size - at, 0, length);
        if (to > 0) {
          pool.slab().set(ValueLayout.JAVA_BYTE, to - 1L, (byte) 0x55);
        }
        pool.slab().set(ValueLayout.JAVA_BYTE, to + length, (byte) 0x55);
        long got =
            round % 4 == 1 ? file.readNow(at, pool.slab(), to, length) : read(file, at, to, length);
        assertEquals(expected, got, () -> "%d bytes at %d to %d".formatted(length, at, to));
        assertHolds(bytes, Math.min(at, size), expected, to);
        assertEquals(0x55, pool.slab().get(ValueLayout.JAVA_BYTE, to + length));
        assertTrue(to == 0 || pool.slab().get(ValueLayout.JAVA_BYTE, to - 1L) == 0x55);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(ReadMode.class)
  void emptyFilesAndReadsPastTheEnd(ReadMode mode) throws Exception {
    file("empty", 0);
    file("small", 700);
    try (BlockReader.ReadableFile empty = reader.open(directory.resolve("empty"), mode);
        BlockReader.ReadableFile small = reader.open(directory.resolve("small"), mode)) {
      assertEquals(0, read(empty, 0, 0, 4096));
      assertEquals(0, empty.readNow(0, pool.slab(), 0, 4096));
      assertEquals(0, read(small, 700, 0, 4096));
      assertEquals(0, read(small, 1L << 40, 0, 4096));
      assertEquals(0, small.readNow(8192, pool.slab(), 8, 10));
      assertEquals(0, read(small, 5, 0, 0));
      assertEquals(200, read(small, 500, 3, 4096));
    }
  }

  @Test
  void beyondTwoGibibytes() throws Exception {
    long place = (5L << 30) + 4097;
    Path path = directory.resolve("sparse");
    byte[] bytes = new byte[3000];
    new Random(1).nextBytes(bytes);
    try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
      sparse.seek(place);
      sparse.write(bytes);
    }
    for (ReadMode mode : List.of(ReadMode.DIRECT, ReadMode.BUFFERED)) {
      try (BlockReader.ReadableFile file = reader.open(path, mode)) {
        assertEquals(3000, read(file, place, 0, 4096));
        assertHolds(bytes, 0, 3000, 0);
        assertEquals(8097, file.readNow(place - 5097, pool.slab(), 0, 100_000));
        assertHolds(bytes, 0, 3000, 5097);
      }
    }
  }

  @Test
  void manySubmittersManyFiles() throws Exception {
    int fileCount = 40;
    List<byte[]> contents = new ArrayList<>();
    List<BlockReader.ReadableFile> files = new ArrayList<>();
    for (int index = 0; index < fileCount; index++) {
      contents.add(file("many" + index, 70_000 + index));
      files.add(reader.open(directory.resolve("many" + index), ReadMode.DIRECT));
    }
    AtomicInteger wrong = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int worker = 0; worker < 4; worker++) {
      int block = pool.take();
      Random random = new Random(worker);
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      for (int round = 0; round < 150; round++) {
                        int index = random.nextInt(fileCount);
                        int at = random.nextInt(70_000);
                        long got = read(files.get(index), at, pool.offset(block), BLOCK_BYTES);
                        if (got != contents.get(index).length - at) {
                          wrong.incrementAndGet();
                        }
                        assertHolds(contents.get(index), at, (int) got, pool.offset(block));
                      }
                    } catch (Exception | AssertionError e) {
                      wrong.incrementAndGet();
                    } finally {
                      pool.give(block);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    for (BlockReader.ReadableFile file : files) {
      file.close();
    }
    assertEquals(0, wrong.get());
  }

  @Test
  void moreReadsThanTheQueueHolds() throws Exception {
    byte[] bytes = file("data", 1 << 20);
    try (BlockReader.ReadableFile file = reader.open(directory.resolve("data"), ReadMode.DIRECT)) {
      List<CompletableFuture<Long>> results = new ArrayList<>();
      for (int index = 0; index < 500; index++) {
        results.add(submit(file, (index % 256) * 4096L, (index % 128) * 4096L, 4096));
      }
      // No flush: reads make progress without it.
      for (CompletableFuture<Long> result : results) {
        assertEquals(4096, result.get(20, TimeUnit.SECONDS));
      }
      assertHolds(bytes, (499 % 256) * 4096, 4096, (499 % 128) * 4096L);
    }
  }

  @Test
  void closeEndsEveryRead() throws Exception {
    file("data", 8 << 20);
    BlockReader.ReadableFile file = reader.open(directory.resolve("data"), ReadMode.DIRECT);
    List<CompletableFuture<Long>> results = new ArrayList<>();
    for (int index = 0; index < 32; index++) {
      results.add(submit(file, (index % 16) * (512L << 10), 0, BLOCK_BYTES));
    }
    reader.close();
    closed = true;
    for (CompletableFuture<Long> result : results) {
      assertTrue(result.isDone());
      long end = result.join();
      assertTrue(end == BLOCK_BYTES || end == -Errno.ECANCELED, () -> "ended with " + end);
    }
    assertThrows(IllegalStateException.class, () -> submit(file, 0, 0, 4096));
    assertThrows(IllegalStateException.class, () -> reader.open(file.path(), ReadMode.AUTO));
    assertThrows(IllegalStateException.class, reader::close);
    // The reads that close refused have left no mark on the file.
    file.close();
  }

  @Test
  void closeWakesWhoeverWaitsForRoom() throws Exception {
    file("data", 4 << 20);
    BlockReader.ReadableFile file = reader.open(directory.resolve("data"), ReadMode.DIRECT);
    CountDownLatch hold = new CountDownLatch(1);
    CountDownLatch running = new CountDownLatch(1);
    reader.read(
        file,
        0,
        pool.slab(),
        0,
        4096,
        result -> {
          running.countDown();
          await(hold);
        });
    reader.flush();
    assertTrue(running.await(20, TimeUnit.SECONDS));
    AtomicInteger ended = new AtomicInteger();
    CompletableFuture<Integer> refused = new CompletableFuture<>();
    Thread submitter =
        Thread.ofPlatform()
            .start(
                () -> {
                  int submitted = 0;
                  try {
                    while (true) {
                      reader.read(file, 0, pool.slab(), 0, 4096, result -> ended.incrementAndGet());
                      submitted++;
                    }
                  } catch (IllegalStateException e) {
                    refused.complete(submitted);
                  }
                });
    Thread closer =
        Thread.ofPlatform()
            .start(
                () -> {
                  reader.close();
                });
    closed = true;
    hold.countDown();
    closer.join();
    submitter.join();
    assertEquals(refused.get(20, TimeUnit.SECONDS), ended.get());
    file.close();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(20, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void failingCompletionHurtsNobodyElse() throws Exception {
    CountDownLatch thrown = new CountDownLatch(1);
    file("data", 100_000);
    try (BlockReader.ReadableFile file = reader.open(directory.resolve("data"), ReadMode.AUTO)) {
      reader.read(
          file,
          0,
          pool.slab(),
          0,
          10,
          result -> {
            thrown.countDown();
            throw new IllegalStateException("thrown by a test");
          });
      assertEquals(10, read(file, 0, 0, 10));
      await(thrown);
    }
  }

  @Test
  void descriptorsComeBack() throws Exception {
    file("data", 100_000);
    int before = ProcessMemory.openDescriptors();
    assumeTrue(before >= 0, "needs procfs");
    for (int round = 0; round < 50; round++) {
      try (BlockReader.ReadableFile file = reader.open(directory.resolve("data"), ReadMode.AUTO)) {
        assertEquals(4096, read(file, 4096, 0, 4096));
      }
    }
    assertEquals(before, ProcessMemory.openDescriptors());
    reader.close();
    closed = true;
    assertTrue(ProcessMemory.openDescriptors() <= descriptorsBefore + 1);
  }

  @Test
  void memoryFileSystemsAreBuffered() throws Exception {
    Path shared = Path.of("/dev/shm");
    assumeTrue(Files.isWritable(shared), "needs /dev/shm");
    Path path = Files.createTempFile(shared, "penstock", ".test");
    try {
      Files.write(path, new byte[10_000]);
      try (BlockReader.ReadableFile file = reader.open(path, ReadMode.AUTO)) {
        assertEquals(ReadMode.BUFFERED, file.mode());
        assertEquals(1, file.alignmentBytes());
        assertTrue(file.cachedAtOpen(), file.modeReason());
        assertEquals(10_000, read(file, 0, 1, 20_000));
        file.dropCache(0, 10_000);
      }
      try (BlockReader.ReadableFile file = reader.open(path, ReadMode.DIRECT)) {
        assertEquals(9_999, read(file, 1, 1, 20_000));
        assertEquals(9_999, file.readNow(1, pool.slab(), 1, 20_000));
      }
    } finally {
      Files.delete(path);
    }
  }

  @Test
  void refusedDirectReadsAreBuffered() throws Exception {
    Path path = Path.of("/proc/self/limits");
    assumeTrue(Files.exists(path), "needs procfs");
    try (BlockReader.ReadableFile file = reader.open(path, ReadMode.DIRECT)) {
      long got = read(file, 0, 0, 4096);
      assertTrue(got > 100, () -> "got " + got);
      assertEquals(ReadMode.BUFFERED, file.mode());
      assertTrue(file.modeReason().contains("refuse"), file.modeReason());
    }
  }

  @Test
  void interruptsEndNoReads() throws Exception {
    byte[] bytes = file("data", 300_000);
    try (BlockReader.ReadableFile file = reader.open(directory.resolve("data"), ReadMode.AUTO)) {
      Thread.currentThread().interrupt();
      assertEquals(100_000, file.readNow(5, pool.slab(), 0, 100_000));
      CompletableFuture<Long> result = submit(file, 5, 100_000, 100_000);
      reader.flush();
      assertTrue(Thread.interrupted());
      assertEquals(100_000, result.get(20, TimeUnit.SECONDS));
      assertEquals(300_000, file.readNow(0, pool.slab(), 1 << 20, 400_000));
      assertHolds(bytes, 5, 100_000, 0);
      assertHolds(bytes, 5, 100_000, 100_000);
    }
  }

  @Test
  void misuseIsRefused() throws Exception {
    file("data", 100);
    Path path = directory.resolve("data");
    BlockReader.ReadableFile file = reader.open(path, ReadMode.AUTO);
    assertThrows(IndexOutOfBoundsException.class, () -> submit(file, 0, -1, 10));
    assertThrows(IndexOutOfBoundsException.class, () -> submit(file, 0, 16L * BLOCK_BYTES, 1));
    assertThrows(IllegalArgumentException.class, () -> submit(file, -1, 0, 10));
    MemorySegment heap = MemorySegment.ofArray(new byte[10]);
    assertThrows(IllegalArgumentException.class, () -> file.readNow(0, heap, 0, 10));
    file.close();
    assertThrows(IllegalStateException.class, file::close);
    assertThrows(IllegalStateException.class, () -> submit(file, 0, 0, 10));
    assertThrows(IllegalStateException.class, () -> file.readNow(0, pool.slab(), 0, 10));
  }

  @Test
  void openFailuresNameTheFile() {
    Path missing = directory.resolve("missing");
    IOException error = assertThrows(IOException.class, () -> reader.open(missing, ReadMode.AUTO));
    assertInstanceOf(NoSuchFileException.class, error);
    assertTrue(error.toString().contains("missing"), error.toString());
    IOException folder =
        assertThrows(IOException.class, () -> reader.open(directory, ReadMode.AUTO));
    assertTrue(folder.toString().contains("EISDIR"), folder.toString());
    assertTrue(folder.toString().contains(directory.toString()), folder.toString());
  }

  @Test
  void factsAreThoseOfTheFileSystem() throws Exception {
    file("data", 12_345);
    Path path = directory.resolve("data");
    try (BlockReader.ReadableFile file = reader.open(path, ReadMode.BUFFERED)) {
      assertEquals(12_345, file.sizeBytes());
      assertEquals(Files.getAttribute(path, "unix:ino"), file.inode());
      assertEquals(Files.getLastModifiedTime(path).to(TimeUnit.NANOSECONDS), file.modifiedNanos());
      assertEquals(ReadMode.BUFFERED, file.mode());
      assertEquals(path, file.path());
    }
    assertFalse(reader.description().isEmpty());
  }
}
