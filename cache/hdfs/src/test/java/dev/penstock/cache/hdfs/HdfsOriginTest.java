package dev.penstock.cache.hdfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginChecks;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.cache.remote.RemoteConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The contract of origins, and what is HDFS's own, with Hadoop's servers in this process. */
@Timeout(180)
final class HdfsOriginTest {
  private static final AtomicInteger DIRECTORIES = new AtomicInteger();

  @TempDir private static java.nio.file.Path directory;

  private static MiniDFSCluster cluster;
  private static FileSystem client;

  @BeforeAll
  static void startCluster() throws IOException {
    Configuration configuration = new Configuration();
    configuration.set("hdfs.minidfs.basedir", directory.resolve("dfs").toString());
    configuration.setInt("dfs.blocksize", 1 << 20);
    configuration.setInt("dfs.namenode.fs-limits.min-block-size", 1 << 20);
    cluster = new MiniDFSCluster.Builder(configuration).numDataNodes(2).build();
    cluster.waitActive();
    client = cluster.getFileSystem();
  }

  @AfterAll
  static void stopCluster() {
    cluster.shutdown();
  }

  private static final class Fixture implements OriginChecks.Fixture {
    private final String base = client.getUri() + "/t" + DIRECTORIES.incrementAndGet() + "/";
    private final Origin origin = open(RemoteConfig.of(Map.of()));

    private static Origin open(RemoteConfig config) {
      return HdfsOrigin.open(HdfsOptions.of(Map.of(), Map.of()), config);
    }

    @Override
    public Origin origin() {
      return origin;
    }

    @Override
    public String put(String name, byte[] bytes) throws IOException {
      try (FSDataOutputStream out = client.create(new Path(base + name), true)) {
        out.write(bytes);
      }
      return base + name;
    }

    @Override
    public String location(String name) {
      return base + name;
    }

    @Override
    public void close() {
      origin.close();
    }
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  @Test
  void findsAndLists() throws Exception {
    try (Fixture fixture = new Fixture()) {
      OriginChecks.findsAndLists(fixture);
    }
  }

  @Test
  void readsRangesIntoBlocks() throws Exception {
    try (Fixture fixture = new Fixture()) {
      OriginChecks.readsRangesIntoBlocks(fixture);
    }
  }

  @Test
  void aReplacedObjectIsRefusedByName() throws Exception {
    try (Fixture fixture = new Fixture()) {
      OriginChecks.aReplacedObjectIsRefusedByName(fixture);
    }
  }

  @Test
  void readsOverTheBordersOfBlocks() throws Exception {
    byte[] bytes = bytes(3 << 20);
    try (Fixture fixture = new Fixture();
        Arena arena = Arena.ofConfined()) {
      StoredObject object = fixture.origin().find(fixture.put("x", bytes)).orElseThrow();
      MemorySegment target = arena.allocate(bytes.length);
      try (OpenObject open = fixture.origin().open(object)) {
        int length = bytes.length - 200;
        assertEquals(length, open.readNow(100, target, 0, length));
        assertEquals(
            -1,
            Arrays.mismatch(
                Arrays.copyOfRange(bytes, 100, 100 + length),
                target.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE)));
        assertEquals(1, fixture.origin().stats().openConnections());
      }
      assertEquals(
          0, fixture.origin().stats().openConnections(), "streams are closed with the object");
    }
  }

  @Test
  void aFileReplacedWhileOpenFailsWithBothVersions() throws Exception {
    try (Fixture fixture = new Fixture();
        Arena arena = Arena.ofConfined()) {
      StoredObject object = fixture.origin().find(fixture.put("x", bytes(1000))).orElseThrow();
      try (OpenObject open = fixture.origin().open(object)) {
        fixture.put("x", bytes(1001));
        StoredObject now = fixture.origin().find(object.location()).orElseThrow();
        OriginException changed =
            assertThrows(
                OriginException.class, () -> open.readNow(0, arena.allocate(1000), 0, 1000));
        assertEquals(Kind.CHANGED, changed.kind());
        assertTrue(changed.toString().contains(object.version().tag()), changed.toString());
        assertTrue(changed.toString().contains(now.version().tag()), changed.toString());
      }
    }
  }

  /** The data node that the reads went to dies; the other one has the blocks too. */
  @Test
  void readsGoOnWhenADataNodeDies() throws Exception {
    byte[] bytes = bytes(2 << 20);
    try (Fixture fixture = new Fixture();
        Arena arena = Arena.ofConfined()) {
      StoredObject object = fixture.origin().find(fixture.put("x", bytes)).orElseThrow();
      MemorySegment target = arena.allocate(bytes.length);
      try (OpenObject open = fixture.origin().open(object)) {
        assertEquals(1000, open.readNow(0, target, 0, 1000));
        MiniDFSCluster.DataNodeProperties stopped = cluster.stopDataNode(0);
        try {
          assertEquals(bytes.length, open.readNow(0, target, 0, bytes.length));
          assertEquals(-1, Arrays.mismatch(bytes, target.toArray(ValueLayout.JAVA_BYTE)));
        } finally {
          assertTrue(cluster.restartDataNode(stopped, true));
          cluster.waitActive();
        }
      }
    }
  }

  @Test
  void whoMayNotReadIsToldAsWhom() throws Exception {
    HdfsFiles files = new HdfsFiles(HdfsOptions.of(Map.of(), Map.of()));
    try {
      IOException denied =
          files.typed(
              "hdfs://c/x",
              5,
              10,
              new org.apache.hadoop.security.AccessControlException("Permission denied\n\tat x"));
      OriginException typed = (OriginException) denied;
      assertEquals(Kind.DENIED, typed.kind());
      assertTrue(typed.reason().startsWith("Permission denied; asked as"), typed.reason());
    } finally {
      files.close();
    }
    // The cluster's superuser may read everything, so there is no file that it may not.
    client.setPermission(new Path("/"), new FsPermission((short) 0777));
  }

  @Test
  void aClusterThatIsNotThereIsToldByName() {
    RemoteConfig impatient = RemoteConfig.of(Map.of()).withPauses(1, 2, 0).withRetries(1, 0, 0);
    try (Origin origin = Fixture.open(impatient)) {
      OriginException failure =
          assertThrows(OriginException.class, () -> origin.find("hdfs://127.0.0.1:1/x"));
      assertTrue(failure.toString().contains("hdfs://127.0.0.1:1/x"), failure.toString());
    }
  }

  @Test
  void optionsAreChecked(@TempDir java.nio.file.Path empty) throws IOException {
    Map<String, String> none = Map.of();
    String text =
        assertThrows(
                IllegalArgumentException.class,
                () -> HdfsOptions.of(Map.of("hdfs.confdir", "x"), none))
            .getMessage();
    assertTrue(String.valueOf(text).contains("hdfs.conf-dir"), text);
    assertThrows(
        IllegalArgumentException.class,
        () -> HdfsOptions.of(Map.of("hdfs.conf-dir", empty.toString()), none));
    assertThrows(
        IllegalArgumentException.class, () -> HdfsOptions.of(Map.of("hdfs.keytab", "k"), none));
    java.nio.file.Path site = Files.createDirectories(empty.resolve("etc/hadoop"));
    try (OutputStream out = Files.newOutputStream(site.resolve("core-site.xml"))) {
      out.write(
          "<configuration><property><name>a.b</name><value>7</value></property></configuration>"
              .getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
    HdfsOptions options = HdfsOptions.of(none, Map.of("HADOOP_HOME", empty.toString()));
    assertEquals(List.of(site.resolve("core-site.xml")), options.configFiles());
    assertEquals("7", options.configuration().get("a.b"));
  }
}
