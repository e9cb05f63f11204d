package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every engine promises. */
class BlockReaderContractTest {
  @TempDir Path directory;

  private final ByteBudget budget = ByteBudget.of(256 << 20);
  private BlockPool pool;
  private BlockReader reader;

  @BeforeEach
  void open() throws IOException {
    pool = BlockPool.open(budget, "test", 512 << 10, 16);
    reader = BlockReader.open(BlockReaderConfig.of(budget).withFixedRegion(pool.slab()));
  }

  @AfterEach
  void close() {
    reader.close();
    pool.close();
    assertEquals(0, budget.usedBytes());
  }

  private byte[] file(String name, int size) throws IOException {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    Files.write(directory.resolve(name), bytes);
    return bytes;
  }

  private long read(BlockReader.ReadableFile file, long at, long to, int length) throws Exception {
    CompletableFuture<Long> result = new CompletableFuture<>();
    reader.read(file, at, pool.slab(), to, length, result::complete);
    reader.flush();
    return result.get(20, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @EnumSource(ReadMode.class)
  void anyOffsetLengthAndAddress(ReadMode mode) throws Exception {
    int size = (3 << 20) + 1234;
    byte[] bytes = file("data", size);
    Random random = new Random(5);
    try (BlockReader.ReadableFile file = reader.open(directory.resolve("data"), mode)) {
      assertEquals(size, file.sizeBytes());
      for (int round = 0; round < 200; round++) {
        int at = random.nextInt(size + 5000) & (round % 3 == 0 ? -4096 : -1);
        int to = random.nextInt(1 << 20) & (round % 2 == 0 ? -4096 : -1);
        int length = random.nextInt(round % 5 == 0 ? 2 << 20 : 9000);
        int expected = Math.clamp((long) size - at, 0, length);
        pool.slab().asSlice(to, length + 1).fill((byte) 0x55);
        long got =
            round % 2 == 0 ? read(file, at, to, length) : file.readNow(at, pool.slab(), to, length);
        assertEquals(expected, got);
        MemorySegment want = MemorySegment.ofArray(bytes).asSlice(Math.min(at, size), expected);
        assertEquals(-1, want.mismatch(pool.slab().asSlice(to, expected)));
        assertEquals(0x55, pool.slab().get(ValueLayout.JAVA_BYTE, to + length));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(ReadMode.class)
  void openFailuresNameTheFile(ReadMode mode) {
    Path missing = directory.resolve("missing");
    IOException error = assertThrows(IOException.class, () -> reader.open(missing, mode));
    assertTrue(error.toString().contains("missing"), error.toString());
  }
}
