package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is left in the page cache, and what AUTO makes of what is there. */
class PageCacheTest {
  private static final int BYTES = 4 << 20;

  @TempDir Path directory;

  private final ByteBudget budget = ByteBudget.of(16 << 20);
  private final BounceBuffers bounce = BounceBuffers.open(budget, 1);
  private final NativeRegion region = NativeRegion.open(budget, "test", BYTES);
  private Path path = Path.of("");

  @BeforeEach
  void fileThatIsNotCached() throws IOException {
    assumeTrue(Native.available(), () -> Native.missing().toString());
    path = directory.resolve("data");
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(BYTES));
      channel.force(true);
    }
    try (NativeFile file = NativeFile.open(path, ReadMode.BUFFERED, bounce)) {
      assumeTrue(FileCalls.cachedPages(file.fd()) > 0, "needs cachestat");
      FileCalls.dropPages(file.fd(), 0, 0);
      assumeTrue(FileCalls.cachedPages(file.fd()) == 0, "its file system keeps pages");
    }
  }

  @AfterEach
  void nothingIsLeft() {
    region.close();
    bounce.close();
    assertEquals(0, budget.usedBytes());
  }

  @Test
  void bufferedReadsLeaveNothingBehind() throws IOException {
    try (NativeFile file = NativeFile.open(path, ReadMode.BUFFERED, bounce)) {
      assertFalse(file.cachedAtOpen());
      assertEquals(BYTES, file.readNow(0, region.segment(), 0, BYTES));
      assertTrue(FileCalls.cachedPages(file.fd()) > 0);
      file.dropCache(0, BYTES);
      assertEquals(0, FileCalls.cachedPages(file.fd()));
    }
  }

  @Test
  void directReadsFillNothing() throws IOException {
    try (NativeFile file = NativeFile.open(path, ReadMode.AUTO, bounce)) {
      assumeTrue(file.mode() == ReadMode.DIRECT, file::modeReason);
      assertEquals(BYTES - 5, file.readNow(5, region.segment(), 5, BYTES - 5));
      assertEquals(100, file.readNow(777, region.segment(), 3, 100));
      assertEquals(0, FileCalls.cachedPages(file.fd()));
    }
  }

  @Test
  void whatWasCachedIsReadFromTheCacheAndStays() throws IOException {
    try (NativeFile file = NativeFile.open(path, ReadMode.BUFFERED, bounce)) {
      file.readNow(0, region.segment(), 0, BYTES);
    }
    try (NativeFile file = NativeFile.open(path, ReadMode.AUTO, bounce)) {
      assertEquals(ReadMode.BUFFERED, file.mode());
      assertTrue(file.cachedAtOpen(), file.modeReason());
      file.dropCache(0, BYTES);
      assertTrue(FileCalls.cachedPages(file.fd()) > 0);
    }
  }
}
