package dev.penstock.cache.origin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.penstock.bridge.BlockReaderConfig;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.http.HttpClientConfig;
import dev.penstock.cache.origin.OriginChecks.Fixture;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.remote.FaultServer;
import dev.penstock.cache.remote.HttpCredentials;
import dev.penstock.cache.remote.HttpOrigin;
import dev.penstock.cache.remote.MountOrigin;
import dev.penstock.cache.remote.RemoteConfig;
import dev.penstock.cache.remote.TestTls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Random;
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
    MOUNT_AUTO,
    MOUNT_BUFFERED,
    MEMORY,
    FAULTLESS,
    HTTP,
    HTTPS,
    HTTP_WITHOUT_TAGS,
    HTTP_WITHOUT_RANGES,
    HTTP_WITHOUT_HEAD;

    Fixture open(Path directory) {
      return switch (this) {
        case FILE_AUTO -> new OnDisk(directory, ReadMode.AUTO);
        case FILE_DIRECT -> new OnDisk(directory, ReadMode.DIRECT);
        case FILE_BUFFERED -> new OnDisk(directory, ReadMode.BUFFERED);
        case MOUNT_AUTO -> new Mounted(directory, ReadMode.AUTO);
        case MOUNT_BUFFERED -> new Mounted(directory, ReadMode.BUFFERED);
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

  /** Behind a FUSE mount; objects are put into what it shows. */
  private record Mounted(FuseMount mount, OnDisk source, Path target, Origin origin)
      implements Fixture {
    Mounted(Path directory, ReadMode mode) {
      this(
          FuseMount.open(directory.resolve("source"), directory.resolve("target")),
          new OnDisk(directory.resolve("source"), mode),
          directory.resolve("target"),
          MountOrigin.over(
              FileOrigin.open(BlockReaderConfig.of(ByteBudget.of(64 << 20)), mode),
              RemoteConfig.defaults().withPauses(1, 5, 5_000)));
    }

    @Override
    public String put(String name, byte[] bytes) throws IOException {
      source.put(name, bytes);
      return location(name);
    }

    @Override
    public String location(String name) {
      return target.resolve(name).toString();
    }

    @Override
    public void close() {
      origin.close();
      source.close();
      mount.close();
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
    public boolean lists() {
      return false;
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
      OriginChecks.findsAndLists(fixture);
    }
  }

  @ParameterizedTest
  @EnumSource(Store.class)
  void readsRangesIntoBlocks(Store store) throws Exception {
    try (Fixture fixture = store.open(directory)) {
      OriginChecks.readsRangesIntoBlocks(fixture);
    }
  }

  @ParameterizedTest
  @EnumSource(Store.class)
  void aReplacedObjectIsRefusedByName(Store store) throws Exception {
    try (Fixture fixture = store.open(directory)) {
      OriginChecks.aReplacedObjectIsRefusedByName(fixture);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Store.class,
      names = {"FILE_AUTO", "FILE_DIRECT", "FILE_BUFFERED", "MOUNT_AUTO", "MOUNT_BUFFERED"})
  void aFileCutWhileOpenIsNoticed(Store store) throws Exception {
    try (Fixture fixture = store.open(directory);
        Arena arena = Arena.ofConfined()) {
      StoredObject object =
          fixture.origin().find(fixture.put("d/x", bytes(3 * BLOCK))).orElseThrow();
      try (OpenObject open = fixture.origin().open(object)) {
        Files.write(Path.of(object.location().replace("target", "source")), bytes(BLOCK));
        MemorySegment slab = arena.allocate(2L * BLOCK, 4096);
        OriginException cut =
            assertThrows(OriginException.class, () -> open.readNow(BLOCK / 2, slab, 0, BLOCK));
        assertEquals(Kind.CHANGED, cut.kind());
      }
    }
  }
}
