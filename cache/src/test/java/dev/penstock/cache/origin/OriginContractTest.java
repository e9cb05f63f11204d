package dev.penstock.cache.origin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.BlockReaderConfig;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.http.HttpClientConfig;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.remote.FaultServer;
import dev.penstock.cache.remote.HttpCredentials;
import dev.penstock.cache.remote.HttpOrigin;
import dev.penstock.cache.remote.RemoteConfig;
import dev.penstock.cache.remote.TestTls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every origin keeps, over every origin. */
@Timeout(60)
final class OriginContractTest {
  private static final int BLOCK = 8192;

  @TempDir Path directory;

  /** The origins under test, and how objects come to be in them. */
  enum Store {
    FILE_AUTO,
    FILE_DIRECT,
    FILE_BUFFERED,
    MEMORY,
    FAULTLESS,
    HTTP,
    HTTPS,
    HTTP_WITHOUT_TAGS,
    HTTP_WITHOUT_RANGES,
    HTTP_WITHOUT_HEAD;

    boolean lists() {
      return !name().startsWith("HTTP");
    }

    Fixture open(Path directory) {
      return switch (this) {
        case FILE_AUTO -> new OnDisk(directory, ReadMode.AUTO);
        case FILE_DIRECT -> new OnDisk(directory, ReadMode.DIRECT);
        case FILE_BUFFERED -> new OnDisk(directory, ReadMode.BUFFERED);
        case MEMORY -> new Memory(MemoryOrigin.remote(), false);
        case FAULTLESS -> new Memory(MemoryOrigin.remote(), true);
        case HTTP -> new Web(FaultServer.start());
        case HTTPS -> new Web(FaultServer.start(TestTls.context()));
        case HTTP_WITHOUT_TAGS -> {
          FaultServer server = FaultServer.start();
          server.tags(false);
          yield new Web(server);
        }
        case HTTP_WITHOUT_RANGES -> {
          FaultServer server = FaultServer.start();
          server.ranges(false);
          yield new Web(server);
        }
        case HTTP_WITHOUT_HEAD -> {
          FaultServer server = FaultServer.start();
          server.heads(false);
          yield new Web(server);
        }
      };
    }
  }

  interface Fixture extends AutoCloseable {
    Origin origin();

    /** Stores bytes under a name and returns the location. */
    String put(String name, byte[] bytes) throws IOException;

    String location(String name);

    @Override
    void close();
  }

  private record OnDisk(Path directory, FileOrigin origin) implements Fixture {
    OnDisk(Path directory, ReadMode mode) {
      this(directory, FileOrigin.open(BlockReaderConfig.of(ByteBudget.of(64 << 20)), mode));
    }

    @Override
    public String put(String name, byte[] bytes) throws IOException {
      Path file = directory.resolve(name);
      Files.createDirectories(file.getParent());
      Path part = directory.resolve("part");
      Files.write(part, bytes);
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
      return file.toString();
    }

    @Override
    public String location(String name) {
      return directory.resolve(name).toString();
    }

    @Override
    public void close() {
      origin.close();
    }
  }

  private record Memory(MemoryOrigin memory, Origin origin) implements Fixture {
    Memory(MemoryOrigin memory, boolean wrapped) {
      this(
          memory,
          wrapped ? new FaultyOrigin(memory, FaultyOrigin.Faults.NONE, 1) : (Origin) memory);
    }

    @Override
    public String put(String name, byte[] bytes) {
      return memory.put(name, bytes).location();
    }

    @Override
    public String location(String name) {
      return "mem://" + name;
    }

    @Override
    public void close() {
      origin.close();
    }
  }

  private record Web(FaultServer server, Origin origin) implements Fixture {
    Web(FaultServer server) {
      this(
          server,
          HttpOrigin.open(
              RemoteConfig.defaults().withPauses(1, 5, 5_000),
              HttpClientConfig.defaults().withTls(TestTls::context),
              HttpCredentials.none()));
    }

    @Override
    public String put(String name, byte[] bytes) {
      server.put("/" + name, bytes);
      return location(name);
    }

    @Override
    public String location(String name) {
      return server.url("/" + name);
    }

    @Override
    public void close() {
      origin.close();
      server.close();
    }
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  @ParameterizedTest
  @EnumSource(Store.class)
  void findsAndLists(Store store) throws Exception {
    try (Fixture fixture = store.open(directory)) {
      fixture.put("d/b", bytes(3));
      fixture.put("d/a", bytes(2));
      fixture.put("d/e/c", bytes(1));
      Origin origin = fixture.origin();
      StoredObject a = origin.find(fixture.location("d/a")).orElseThrow();
      assertEquals("a", a.name());
      assertEquals(2, a.sizeBytes());
      assertTrue(origin.handles(a.location()));
      assertTrue(origin.find(fixture.location("d")).isEmpty());
      assertTrue(origin.find(fixture.location("d/x")).isEmpty());
      if (!store.lists()) {
        OriginException refused =
            assertThrows(OriginException.class, () -> origin.list(fixture.location("d"), 1));
        assertEquals(Kind.UNSUPPORTED, refused.kind());
        return;
      }
      assertEquals(List.of("a", "b"), names(origin.list(fixture.location("d"), 1)));
      assertEquals(List.of("a", "b", "e/c"), names(origin.list(fixture.location("d/"), 2)));
      assertEquals(List.of(), origin.list(fixture.location("nowhere"), 1));
    }
  }

  private static List<String> names(List<StoredObject> objects) {
    return objects.stream().map(StoredObject::name).toList();
  }

  @ParameterizedTest
  @EnumSource(Store.class)
  void readsRangesIntoBlocks(Store store) throws Exception {
    byte[] bytes = bytes(20 * BLOCK + 77);
    try (Fixture fixture = store.open(directory);
        Arena arena = Arena.ofShared()) {
      MemorySegment slab = arena.allocate(8L * BLOCK, 4096);
      fixture.origin().attach(slab);
      StoredObject object = fixture.origin().find(fixture.put("d/x", bytes)).orElseThrow();
      try (OpenObject open = fixture.origin().open(object)) {
        readRange(
            open, slab, 3L * BLOCK, 4L * BLOCK, new long[] {0, 4 * BLOCK, BLOCK, 7 * BLOCK}, bytes);
        readRange(open, slab, 19L * BLOCK, BLOCK + 77, new long[] {2 * BLOCK, 5 * BLOCK}, bytes);
        readRange(open, slab, 12_345, 100, new long[] {123}, bytes);
        assertEquals(50, open.readNow(bytes.length - 50, slab, 8, 4096));
        assertEquals(
            -1,
            Arrays.mismatch(
                Arrays.copyOfRange(bytes, bytes.length - 50, bytes.length),
                slab.asSlice(8, 50).toArray(ValueLayout.JAVA_BYTE)));
      }
    }
  }

  private static void readRange(
      OpenObject open, MemorySegment slab, long offset, long length, long[] places, byte[] bytes)
      throws InterruptedException {
    var arrived = new ConcurrentHashMap<Integer, Integer>();
    CountDownLatch told = new CountDownLatch(places.length);
    RangeRead read =
        new RangeRead(
            offset,
            length,
            slab,
            places,
            BLOCK,
            new RangeRead.Sink() {
              @Override
              public void arrived(int block, int got) {
                arrived.put(block, got);
                told.countDown();
              }

              @Override
              public void failed(int block, OriginException failure) {
                told.countDown();
              }
            });
    open.read(read);
    open.flush();
    assertTrue(told.await(20, TimeUnit.SECONDS));
    for (int block = 0; block < places.length; block++) {
      assertEquals(read.blockLength(block), arrived.get(block));
      int from = (int) read.blockOffset(block);
      assertEquals(
          -1,
          Arrays.mismatch(
              Arrays.copyOfRange(bytes, from, from + read.blockLength(block)),
              slab.asSlice(places[block], read.blockLength(block)).toArray(ValueLayout.JAVA_BYTE)));
    }
  }

  @ParameterizedTest
  @EnumSource(Store.class)
  void aReplacedObjectIsRefusedByName(Store store) throws Exception {
    try (Fixture fixture = store.open(directory)) {
      StoredObject old = fixture.origin().find(fixture.put("d/x", bytes(10))).orElseThrow();
      fixture.put("d/x", bytes(11));
      StoredObject now = fixture.origin().find(old.location()).orElseThrow();
      OriginException changed =
          assertThrows(OriginException.class, () -> fixture.origin().open(old));
      assertEquals(Kind.CHANGED, changed.kind());
      assertTrue(changed.toString().contains(old.version().tag()), changed.toString());
      assertTrue(changed.toString().contains(now.version().tag()), changed.toString());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Store.class,
      names = {"FILE_AUTO", "FILE_DIRECT", "FILE_BUFFERED"})
  void aFileCutWhileOpenIsNoticed(Store store) throws Exception {
    try (Fixture fixture = store.open(directory);
        Arena arena = Arena.ofConfined()) {
      StoredObject object =
          fixture.origin().find(fixture.put("d/x", bytes(3 * BLOCK))).orElseThrow();
      try (OpenObject open = fixture.origin().open(object)) {
        Files.write(Path.of(object.location()), bytes(BLOCK));
        MemorySegment slab = arena.allocate(2L * BLOCK, 4096);
        OriginException cut =
            assertThrows(OriginException.class, () -> open.readNow(BLOCK / 2, slab, 0, BLOCK));
        assertEquals(Kind.CHANGED, cut.kind());
      }
    }
  }
}
