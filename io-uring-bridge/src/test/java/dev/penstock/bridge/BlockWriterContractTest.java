package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What every engine promises of writing. Each engine's test extends this one. */
@Timeout(60)
abstract class BlockWriterContractTest {
  private static final int BLOCK = 512 << 10;
  private static final int BLOCKS = 24;
  private static final long SIZE = (long) BLOCKS * BLOCK;

  @TempDir Path directory;

  final ByteBudget budget = ByteBudget.of(64 << 20);
  private BlockPool pool;
  private BlockWriter writer;
  private Path path;

  /** Opens the engine under test; may assume that the system allows it. */
  abstract BlockWriter openWriter(BlockReaderConfig config) throws IOException;

  @BeforeEach
  void open() throws IOException {
    pool = BlockPool.open(budget, "test", BLOCK, BLOCKS);
    byte[] random = new byte[Math.toIntExact(SIZE)];
    new Random(5).nextBytes(random);
    MemorySegment.copy(MemorySegment.ofArray(random), 0, pool.slab(), 0, SIZE);
    writer = openWriter(config());
    path = directory.resolve("blocks");
  }

  private BlockReaderConfig config() {
    return BlockReaderConfig.of(budget).withQueueDepth(8).withFixedRegion(pool.slab());
  }

  @AfterEach
  void nothingIsLeft() {
    writer.close();
    pool.close();
    assertEquals(0, budget.usedBytes(), () -> budget.usedByPurpose().toString());
  }

  private byte[] block(int number) {
    return pool.slab().asSlice((long) number * BLOCK, BLOCK).toArray(ValueLayout.JAVA_BYTE);
  }

  private long write(BlockWriter.WritableFile file, int block, long at) throws Exception {
    CompletableFuture<Long> done = new CompletableFuture<>();
    writer.write(file, at, pool.slab(), (long) block * BLOCK, BLOCK, done::complete);
    writer.flush();
    return done.get(30, TimeUnit.SECONDS);
  }

  @Test
  void manyWritesInFlightAllArrive() throws Exception {
    try (BlockWriter.WritableFile file = writer.claim(path, SIZE)) {
      CountDownLatch done = new CountDownLatch(BLOCKS);
      AtomicInteger wrong = new AtomicInteger();
      for (int i = 0; i < BLOCKS; i++) {
        long at = (long) (BLOCKS - 1 - i) * BLOCK;
        writer.write(
            file,
            at,
            pool.slab(),
            (long) i * BLOCK,
            BLOCK,
            result -> {
              wrong.addAndGet(result == BLOCK ? 0 : 1);
              done.countDown();
            });
      }
      writer.flush();
      assertTrue(done.await(30, TimeUnit.SECONDS));
      assertEquals(0, wrong.get());
      file.sync();
    }
    byte[] found = Files.readAllBytes(path);
    assertEquals(SIZE, found.length);
    for (int i = 0; i < BLOCKS; i++) {
      int at = (BLOCKS - 1 - i) * BLOCK;
      assertArrayEquals(block(i), Arrays.copyOfRange(found, at, at + BLOCK));
    }
  }

  @Test
  void whatIsWrittenIsReadThroughTheSameHandle() throws Exception {
    try (BlockWriter.WritableFile file = writer.claim(path, SIZE)) {
      file.writeNow(4096, pool.slab(), 0, 8192);
      assertEquals(8192, file.readNow(4096, pool.slab(), BLOCK, 8192));
      assertEquals(-1, pool.slab().asSlice(0, 8192).mismatch(pool.slab().asSlice(BLOCK, 8192)));
    }
  }

  @Test
  void theFileIsItsOwnersAloneAndHasItsSize() throws Exception {
    try (BlockWriter.WritableFile file = writer.claim(path, SIZE)) {
      assertEquals(SIZE, file.sizeBytes());
      assertEquals(SIZE, Files.size(path));
      assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
    }
    try (BlockWriter.WritableFile file = writer.claim(path, 1 << 20)) {
      assertEquals(1 << 20, file.sizeBytes());
      assertEquals(1 << 20, Files.size(path), "a smaller claim cuts the file off");
    }
  }

  @Test
  void aClaimedFileGrowsAndShrinksAndKeepsWhatStays() throws Exception {
    try (BlockWriter.WritableFile file = writer.claim(path)) {
      assertEquals(0, file.sizeBytes(), "it was made");
      file.resize(4L * BLOCK);
      for (int block = 0; block < 4; block++) {
        assertEquals(BLOCK, write(file, block, (long) block * BLOCK));
      }
    }
    try (BlockWriter.WritableFile file = writer.claim(path)) {
      assertEquals(4L * BLOCK, file.sizeBytes(), "a claim alone changes nothing");
      file.resize(2L * BLOCK);
      assertEquals(2L * BLOCK, Files.size(path));
      assertThrows(IndexOutOfBoundsException.class, () -> write(file, 0, 2L * BLOCK));
      assertThrows(IOException.class, () -> file.resize(Long.MAX_VALUE / 2));
      assertEquals(2L * BLOCK, file.sizeBytes(), "what failed has changed nothing");
      assertEquals(2L * BLOCK, Files.size(path));
      file.resize(6L * BLOCK);
      assertEquals(BLOCK, write(file, 5, 5L * BLOCK));
      file.sync();
    }
    byte[] all = Files.readAllBytes(path);
    byte[] nothing = new byte[BLOCK];
    for (int block = 0; block < 6; block++) {
      byte[] wanted = block < 2 || block == 5 ? block(block) : nothing;
      byte[] got = Arrays.copyOfRange(all, block * BLOCK, (block + 1) * BLOCK);
      assertArrayEquals(wanted, got, "block " + block);
    }
  }

  @Test
  void aClaimExcludesOthersUntilItIsClosed() throws Exception {
    BlockWriter.WritableFile file = writer.claim(path, SIZE);
    IOException refused = assertThrows(FileClaimedException.class, () -> writer.claim(path, SIZE));
    assertTrue(String.valueOf(refused.getMessage()).contains(path.toString()), refused::getMessage);
    try (BlockWriter other = openWriter(BlockReaderConfig.of(budget))) {
      assertThrows(FileClaimedException.class, () -> other.claim(path, SIZE));
    }
    // Opening and closing the file for reading must not lose the claim.
    assertEquals(SIZE, Files.readAllBytes(path).length);
    try (BlockReader reader = BlockReader.open(BlockReaderConfig.of(budget));
        BlockReader.ReadableFile read = reader.open(path, ReadMode.AUTO)) {
      assertEquals(SIZE, read.sizeBytes());
    }
    assertThrows(FileClaimedException.class, () -> writer.claim(path, SIZE));
    assertEquals(BLOCK, write(file, 0, 0));
    file.close();
    writer.claim(path, SIZE).close();
  }

  @Test
  void whatCannotBeWrittenIsRefused() throws Exception {
    try (BlockWriter.WritableFile file = writer.claim(path, SIZE)) {
      assertThrows(IndexOutOfBoundsException.class, () -> write(file, 0, SIZE - 4096));
      if (file.alignmentBytes() > 1) {
        assertEquals(ReadMode.DIRECT, file.mode());
        assertThrows(IllegalArgumentException.class, () -> write(file, 0, 100));
        assertThrows(IllegalArgumentException.class, () -> file.writeNow(0, pool.slab(), 8, 4096));
      }
    }
    Path link = Files.createSymbolicLink(directory.resolve("link"), path);
    assertThrows(IOException.class, () -> writer.claim(link, SIZE), "a link may lead anywhere");
    IOException missing =
        assertThrows(IOException.class, () -> writer.claim(directory.resolve("no/file"), SIZE));
    assertTrue(
        missing instanceof FileSystemException || missing instanceof ErrnoException,
        missing::toString);
  }

  @Test
  void spaceThatIsNotThereIsRefusedByName() {
    IOException refused =
        assertThrows(IOException.class, () -> writer.claim(path, Long.MAX_VALUE / 2));
    assertTrue(String.valueOf(refused.getMessage()).contains(path.toString()), refused::getMessage);
  }
}
