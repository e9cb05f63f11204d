package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Reads back from the kernel which flags and registrations took effect: a ring without them works
 * and is merely slow.
 */
class UringProofTest {
  private static final int BYTES = 4 << 20;
  private static final int WANTED = UringCalls.SETUP_SINGLE_ISSUER | UringCalls.SETUP_DEFER_TASKRUN;

  @TempDir Path directory;

  private final ByteBudget budget = ByteBudget.of(64 << 20);
  private final Uring ring = openRing();
  private final NativeRegion region = NativeRegion.open(budget, "proof", BYTES);
  private final BounceBuffers bounce = BounceBuffers.open(budget, 1);

  private static Uring openRing() {
    assumeTrue(Native.available(), () -> Native.missing().toString());
    try {
      return Uring.open(8);
    } catch (ErrnoException e) {
      return Assumptions.abort(e.toString());
    }
  }

  @BeforeEach
  void needsModernKernel() {
    assumeTrue((ring.flags() & WANTED) == WANTED, "needs Linux 6.1");
  }

  @AfterEach
  void close() {
    ring.close();
    region.close();
    bounce.close();
    assertEquals(0, budget.usedBytes());
  }

  private Path file() throws IOException {
    byte[] bytes = new byte[BYTES];
    new Random(9).nextBytes(bytes);
    Path path = directory.resolve("data");
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes));
      // A direct read of pages not yet written would wait for them, on a worker thread.
      channel.force(true);
    }
    return path;
  }

  private static String fdinfo(int fd) throws IOException {
    return Files.readString(Path.of("/proc/self/fdinfo/" + fd));
  }

  @Test
  void flagsAreWrittenBack() {
    assertEquals(WANTED | UringCalls.SETUP_CLAMP, ring.flags());
    assertEquals("SINGLE_ISSUER|DEFER_TASKRUN", UringCalls.flagNames(ring.flags()));
  }

  @Test
  void aSecondThreadIsRefused() {
    int result =
        CompletableFuture.supplyAsync(
                () -> UringCalls.enter(ring.fd(), 0, 0, UringCalls.ENTER_GETEVENTS),
                task -> Thread.ofPlatform().start(task))
            .join();
    assertEquals("EEXIST", Errno.name(result));
    assertEquals(0, ring.enter(0));
  }

  @Test
  void completionsWaitUntilTheOwnerAsks() throws Exception {
    try (NativeFile file = openDirect(file())) {
      ring.transfer(false, file.fd(), false, 0, region.segment().address(), 4096, -1, 1);
      // Submitted without GETEVENTS: deferred task work stays undone however long it takes.
      ring.publish();
      assertEquals(1, UringCalls.enter(ring.fd(), 1, 0, 0));
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(200);
      while (System.nanoTime() < deadline) {
        assertEquals(0, ring.ready());
        Thread.onSpinWait();
      }
      assertEquals(0, ring.enter(1));
      assertEquals(1, ring.ready());
      assertEquals(4096, ring.result(0));
      ring.seen(1);
    }
  }

  private NativeFile openDirect(Path path) throws IOException {
    NativeFile file = NativeFile.open(path, ReadMode.DIRECT, bounce);
    assumeTrue(file.mode() == ReadMode.DIRECT, file::modeReason);
    return file;
  }

  @Test
  void directFilesCarryTheFlag() throws IOException {
    Path path = file();
    try (NativeFile direct = NativeFile.open(path, ReadMode.DIRECT, bounce);
        NativeFile buffered = NativeFile.open(path, ReadMode.BUFFERED, bounce)) {
      assumeTrue(direct.mode() == ReadMode.DIRECT, direct::modeReason);
      assertEquals(FileCalls.O_DIRECT, openFlags(direct.fd()) & FileCalls.O_DIRECT);
      assertEquals(0, openFlags(buffered.fd()) & (FileCalls.O_DIRECT | FileCalls.O_NONBLOCK));
      assertTrue((openFlags(direct.fd()) & FileCalls.O_CLOEXEC) != 0);
    }
  }

  private static int openFlags(int fd) throws IOException {
    String octal =
        fdinfo(fd).lines().filter(line -> line.startsWith("flags:")).findFirst().orElseThrow();
    return Integer.parseInt(octal.substring("flags:".length()).strip(), 8);
  }

  @Test
  void registrationsAreListed() throws IOException {
    MemorySegment memory = region.segment();
    int refused =
        ring.registerBuffers(List.of(memory.asSlice(0, 1 << 20), memory.asSlice(2 << 20, 8192)));
    assumeTrue(refused == 0, () -> Errno.name(refused) + ", " + Limits.lockedMemory());
    assertEquals(0, ring.registerFileTable(16));
    try (NativeFile file = NativeFile.open(file(), ReadMode.AUTO, bounce)) {
      assertEquals(1, ring.updateFile(3, file.fd()));
      String info = fdinfo(ring.fd());
      assertTrue(info.contains("UserBufs:\t2"), info);
      assertTrue(info.contains("UserFiles:\t16"), info);
      assertTrue(info.contains("0x%x/%d".formatted(memory.address(), 1 << 20)), info);
      assertTrue(info.contains("data"), info);
      assertEquals(1, ring.updateFile(3, -1));
      assertTrue(!fdinfo(ring.fd()).contains("data"), info);
      assertEquals("EBUSY", Errno.name(ring.registerBuffers(List.of(memory))));
    }
  }

  @Test
  void theRingsOwnDescriptorIsRegistered() {
    int refused = ring.registerRing();
    assumeTrue(refused == 0, () -> Errno.name(refused));
    // From here on enter names the ring by its registered place; it works for this thread only.
    assertEquals(0, ring.enter(0));
  }

  @Test
  void readersUseWhatTheyRegistered() throws Exception {
    Path path = file();
    try (BlockReader reader =
            BlockReader.open(
                BlockReaderConfig.of(budget)
                    .withEngine(BlockReaderConfig.Engine.IO_URING)
                    .withFixedRegion(region.segment()));
        BlockReader.ReadableFile file = reader.open(path, ReadMode.DIRECT)) {
      assumeTrue(reader.description().contains("2 fixed buffers"), reader::description);
      CompletableFuture<Long> result = new CompletableFuture<>();
      reader.read(file, 0, region.segment(), 0, BYTES, result::complete);
      reader.flush();
      assertEquals(BYTES, result.get(20, TimeUnit.SECONDS));
      assertTrue(rings().anyMatch(info -> info.contains("UserBufs:\t2") && info.contains("data")));
      assertTrue(reader.description().contains("SINGLE_ISSUER|DEFER_TASKRUN"));
      assertTrue(reader.description().contains("ring registered"));
    }
    byte[] expected = Files.readAllBytes(path);
    assertEquals(-1, MemorySegment.ofArray(expected).mismatch(region.segment()));
  }

  @Test
  void requestsOfTheChosenSizeNeedNoWorkerThreads() throws Exception {
    Path path = file();
    try (BlockReader reader =
            BlockReader.open(
                BlockReaderConfig.of(budget).withEngine(BlockReaderConfig.Engine.IO_URING));
        BlockReader.ReadableFile file = reader.open(path, ReadMode.DIRECT)) {
      assumeTrue(file.mode() == ReadMode.DIRECT, file::modeReason);
      CompletableFuture<Long> result = new CompletableFuture<>();
      reader.read(file, 0, region.segment(), 0, BYTES, result::complete);
      reader.flush();
      assertEquals(BYTES, result.get(20, TimeUnit.SECONDS));
      try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
        assertEquals(0, tasks.filter(task -> name(task).startsWith("iou-wrk")).count());
      }
    }
  }

  private static String name(Path task) {
    try {
      return Files.readString(task.resolve("comm"));
    } catch (IOException e) {
      return "";
    }
  }

  private static Stream<String> rings() throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors.filter(UringProofTest::isRing).map(UringProofTest::info).toList().stream();
    }
  }

  private static boolean isRing(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().contains("io_uring");
    } catch (IOException e) {
      return false;
    }
  }

  private static String info(Path descriptor) {
    try {
      return Files.readString(Path.of("/proc/self/fdinfo/" + descriptor.getFileName()));
    } catch (IOException e) {
      return "";
    }
  }
}
