package dev.penstock.cache.origin;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.penstock.bridge.BlockReaderConfig;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.http.HttpClientConfig;
import dev.penstock.cache.origin.OriginChecks.Fixture;
import dev.penstock.cache.remote.FaultServer;
import dev.penstock.cache.remote.HttpCredentials;
import dev.penstock.cache.remote.HttpOrigin;
import dev.penstock.cache.remote.MountOrigin;
import dev.penstock.cache.remote.RemoteConfig;
import dev.penstock.cache.remote.TestTls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The origins under test, and how objects come to be in them. */
enum ContractStore {
  FILE_AUTO,
  FILE_DIRECT,
  FILE_BUFFERED,
  MOUNT_AUTO,
  MOUNT_BUFFERED,
  SSHFS_AUTO,
  SSHFS_BUFFERED,
  CEPHFS_AUTO,
  CEPHFS_BUFFERED,
  MEMORY,
  FAULTLESS,
  HTTP,
  HTTPS,
  HTTP_WITHOUT_TAGS,
  HTTP_WITHOUT_RANGES,
  HTTP_WITHOUT_HEAD,
  NGINX,
  NGINX_LIMITED,
  LIGHTTPD;

  Fixture open(Path directory) {
    return switch (this) {
      case FILE_AUTO -> new OnDisk(directory, ReadMode.AUTO);
      case FILE_DIRECT -> new OnDisk(directory, ReadMode.DIRECT);
      case FILE_BUFFERED -> new OnDisk(directory, ReadMode.BUFFERED);
      case MOUNT_AUTO -> Mounted.by("fuse-mount", directory, ReadMode.AUTO);
      case MOUNT_BUFFERED -> Mounted.by("fuse-mount", directory, ReadMode.BUFFERED);
      case SSHFS_AUTO -> Mounted.by("sshfs-mount", directory, ReadMode.AUTO);
      case SSHFS_BUFFERED -> Mounted.by("sshfs-mount", directory, ReadMode.BUFFERED);
      case CEPHFS_AUTO -> Mounted.onCeph(directory, ReadMode.AUTO);
      case CEPHFS_BUFFERED -> Mounted.onCeph(directory, ReadMode.BUFFERED);
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
      case NGINX -> new Served("nginx", directory);
      case NGINX_LIMITED -> new Served("nginx-limited", directory);
      case LIGHTTPD -> new Served("lighttpd", directory);
    };
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

  /** On a network mount; objects are put into what it shows, past it. */
  static final class Mounted implements Fixture {
    private static final RemoteConfig PATIENT =
        RemoteConfig.defaults().withPauses(1, 50, 50_000).withRetries(10_000, 10_000, 1);

    private final OnDisk source;
    private final Path target;
    private final Supplier<AutoCloseable> mounting;
    private final Origin origin;
    private AutoCloseable mount;

    private Mounted(Path source, Path target, ReadMode mode, Supplier<AutoCloseable> mounting) {
      this.mount = mounting.get();
      this.mounting = mounting;
      this.source = new OnDisk(source, mode);
      this.target = target;
      this.origin =
          MountOrigin.over(
              FileOrigin.open(BlockReaderConfig.of(ByteBudget.of(64 << 20)), mode), PATIENT);
    }

    static Mounted by(String script, Path directory, ReadMode mode) {
      Path source = directory.resolve("source");
      Path target = directory.resolve("target");
      return new Mounted(source, target, mode, () -> FuseMount.open(script, source, target));
    }

    /** Objects are put by another client, as another host would. */
    static Mounted onCeph(Path directory, ReadMode mode) {
      String ceph = System.getenv("PENSTOCK_TEST_CEPHFS");
      assumeTrue(ceph != null, "PENSTOCK_TEST_CEPHFS names none; .ci/cephfs starts one");
      String name = "contract-" + directory.getFileName();
      Path source = Path.of(String.valueOf(ceph), "other", name);
      return new Mounted(
          source,
          Path.of(String.valueOf(ceph), "mount", name),
          mode,
          () -> {
            try {
              Files.createDirectories(source);
            } catch (IOException failure) {
              throw new UncheckedIOException(failure);
            }
            return () -> removeAll(source);
          });
    }

    private static void removeAll(Path directory) throws IOException {
      List<Path> all;
      try (Stream<Path> found = Files.walk(directory)) {
        all = found.sorted(Comparator.reverseOrder()).toList();
      }
      for (Path path : all) {
        Files.delete(path);
      }
    }

    @Override
    public Origin origin() {
      return origin;
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

    /** Where it was put. */
    Path behind(String location) {
      return source.directory().resolve(target.relativize(Path.of(location)).toString());
    }

    void unmount() throws Exception {
      mount.close();
    }

    void mountAgain() {
      mount = mounting.get();
    }

    @Override
    public void close() {
      origin.close();
      source.close();
      try {
        mount.close();
      } catch (Exception failure) {
        throw new IllegalStateException(failure);
      }
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

  /** Files behind a web server that people use. */
  private record Served(WebServer server, OnDisk files, Origin origin) implements Fixture {
    Served(String kind, Path directory) {
      this(
          WebServer.open(kind, directory.resolve("root"), directory.resolve("server")),
          new OnDisk(directory.resolve("root"), ReadMode.BUFFERED),
          HttpOrigin.open(
              RemoteConfig.defaults(), HttpClientConfig.defaults(), HttpCredentials.none()));
    }

    @Override
    public String put(String name, byte[] bytes) throws IOException {
      files.put(name, bytes);
      return location(name);
    }

    @Override
    public String location(String name) {
      return server.url() + "/" + name;
    }

    @Override
    public boolean lists() {
      return false;
    }

    @Override
    public void close() {
      origin.close();
      files.close();
      server.close();
    }
  }
}
