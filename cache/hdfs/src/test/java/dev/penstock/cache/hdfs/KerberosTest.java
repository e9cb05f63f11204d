package dev.penstock.cache.hdfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
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
import java.nio.file.Path;
import java.security.PrivilegedExceptionAction;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.minikdc.MiniKdc;
import org.apache.hadoop.security.UserGroupInformation;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A cluster that asks for Kerberos tickets, with Hadoop's servers and a KDC in this process. */
@Timeout(180)
final class KerberosTest {
  private static final byte[] BYTES = bytes();

  @TempDir private static Path directory;

  private static MiniKdc kdc;
  private static MiniDFSCluster cluster;
  private static Path keytab;

  private static byte[] bytes() {
    byte[] bytes = new byte[3 << 20];
    new Random(1).nextBytes(bytes);
    return bytes;
  }

  @BeforeAll
  static void start() throws Exception {
    kdc =
        new MiniKdc(MiniKdc.createConf(), Files.createDirectory(directory.resolve("kdc")).toFile());
    kdc.start();
    Path servers = directory.resolve("servers.keytab");
    keytab = directory.resolve("trainer.keytab");
    kdc.createPrincipal(servers.toFile(), "hdfs/localhost", "HTTP/localhost");
    kdc.createPrincipal(keytab.toFile(), "trainer");
    Configuration configuration = secure(servers);
    UserGroupInformation.setConfiguration(configuration);
    cluster = new MiniDFSCluster.Builder(configuration).numDataNodes(1).build();
    cluster.waitActive();
    UserGroupInformation.loginUserFromKeytabAndReturnUGI(
            principal("hdfs/localhost"), servers.toString())
        .doAs((PrivilegedExceptionAction<Void>) () -> write(configuration));
    configuration.set("fs.defaultFS", cluster.getURI().toString());
    try (OutputStream out = Files.newOutputStream(directory.resolve("core-site.xml"))) {
      configuration.writeXml(out);
    }
  }

  private static String principal(String name) {
    return name + "@" + kdc.getRealm();
  }

  private static Configuration secure(Path servers) {
    Configuration configuration = new Configuration();
    configuration.set("hdfs.minidfs.basedir", directory.resolve("dfs").toString());
    configuration.set("hadoop.security.authentication", "kerberos");
    configuration.setInt("hadoop.kerberos.min.seconds.before.relogin", 0);
    for (String server : List.of("namenode", "datanode")) {
      configuration.set("dfs." + server + ".kerberos.principal", principal("hdfs/localhost"));
      configuration.set("dfs." + server + ".keytab.file", servers.toString());
    }
    configuration.set("dfs.web.authentication.kerberos.principal", principal("HTTP/localhost"));
    configuration.set("dfs.web.authentication.kerberos.keytab", servers.toString());
    configuration.setBoolean("dfs.block.access.token.enable", true);
    configuration.setBoolean("ignore.secure.ports.for.testing", true);
    return configuration;
  }

  private static Void write(Configuration configuration) throws IOException {
    try (FileSystem files = FileSystem.newInstance(cluster.getURI(), configuration)) {
      for (String name : List.of("open", "closed")) {
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path("/" + name);
        try (FSDataOutputStream out = files.create(path)) {
          out.write(BYTES);
        }
        files.setPermission(path, new FsPermission((short) (name.equals("open") ? 0644 : 0600)));
      }
    }
    return null;
  }

  @AfterAll
  static void stop() {
    cluster.shutdown();
    kdc.stop();
  }

  private static Origin origin() {
    HdfsOptions options =
        HdfsOptions.of(
            Map.of(
                "hdfs.conf-dir", directory.toString(),
                "hdfs.principal", principal("trainer"),
                "hdfs.keytab", keytab.toString()),
            Map.of());
    return HdfsOrigin.open(options, RemoteConfig.defaults().withPauses(1, 5, 500));
  }

  @Test
  void aKeytabOpensWhatItsPrincipalMayRead() throws IOException {
    try (Origin origin = origin();
        Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(100_000);
      StoredObject found = origin.find(cluster.getURI() + "/open").orElseThrow();
      try (OpenObject open = origin.open(found)) {
        assertEquals(100_000, open.readNow(1 << 20, target, 0, 100_000));
      }
      byte[] wanted = java.util.Arrays.copyOfRange(BYTES, 1 << 20, (1 << 20) + 100_000);
      assertArrayEquals(wanted, target.toArray(ValueLayout.JAVA_BYTE));
      StoredObject closed = origin.find(cluster.getURI() + "/closed").orElseThrow();
      try (OpenObject open = origin.open(closed)) {
        OriginException denied =
            assertThrows(OriginException.class, () -> open.readNow(0, target, 0, 1000));
        assertEquals(Kind.DENIED, denied.kind());
        assertTrue(denied.reason().contains(principal("trainer")), denied::reason);
      }
    }
  }

  /** A run outlives its first ticket: another is had from the keytab, which must still be there. */
  @Test
  void aTicketThatRunsOutIsHadAnew() throws IOException {
    Path away = directory.resolve("away.keytab");
    String location = cluster.getURI() + "/open";
    try (Origin origin = origin()) {
      assertTrue(origin.find(location).isPresent());
      UserGroupInformation.setShouldRenewImmediatelyForTests(true);
      assertTrue(origin.find(location).isPresent());
      Files.move(keytab, away);
      OriginException failed = assertThrows(OriginException.class, () -> origin.find(location));
      assertTrue(failed.toString().contains("trainer"), failed::toString);
      Files.move(away, keytab);
      assertTrue(origin.find(location).isPresent());
    } finally {
      UserGroupInformation.setShouldRenewImmediatelyForTests(false);
    }
  }
}
