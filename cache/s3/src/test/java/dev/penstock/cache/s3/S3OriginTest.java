package dev.penstock.cache.s3;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginChecks;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.StoredObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The contract of origins, and what is S3's own, over each store and client. */
@Timeout(120)
final class S3OriginTest {
  /** The stores, and who reads ranges: every test runs over all of them. */
  enum Setup {
    IN_PROCESS("lean"),
    IN_PROCESS_SDK("sdk"),
    REAL("lean"),
    REAL_SDK("sdk"),
    MINIO("lean"),
    MINIO_SDK("sdk"),
    MINIO_TLS("lean"),
    MINIO_TLS_SDK("sdk"),
    /** Each bucket as a host of its own. */
    MINIO_HOSTS("lean"),
    MINIO_HOSTS_SDK("sdk");

    private final String reader;

    Setup(String reader) {
      this.reader = reader;
    }

    private Fixture open() {
      TestStore store = store();
      Map<String, String> options = new HashMap<>(Map.of("s3.client", reader));
      if (this == MINIO_HOSTS || this == MINIO_HOSTS_SDK) {
        options.put("s3.endpoint", store.endpoint.replace("127.0.0.1", "localhost"));
        options.put("s3.path-style", "off");
      }
      return new Fixture(store, store.origin(options));
    }

    private TestStore store() {
      return switch (this) {
        case IN_PROCESS, IN_PROCESS_SDK -> TestStore.inProcess();
        case REAL, REAL_SDK -> {
          assumeTrue(
              TestStore.realEndpoint().isPresent(),
              "PENSTOCK_TEST_S3_ENDPOINT names no S3 server; .ci/s3-server starts one");
          yield TestStore.real();
        }
        case MINIO, MINIO_SDK -> {
          Optional<String> missing = Minio.missing();
          assumeTrue(missing.isEmpty(), missing::toString);
          yield TestStore.minio();
        }
        case MINIO_HOSTS, MINIO_HOSTS_SDK -> {
          assumeTrue(
              System.getenv("PENSTOCK_TEST_MINIO_ENDPOINT") != null,
              "PENSTOCK_TEST_MINIO_ENDPOINT names no MinIO that knows buckets as hosts; .ci/minio"
                  + " starts one");
          yield TestStore.minio();
        }
        case MINIO_TLS, MINIO_TLS_SDK -> {
          assumeTrue(
              Minio.tlsEndpoint().isPresent(),
              "PENSTOCK_TEST_MINIO_TLS_ENDPOINT names no MinIO; .ci/minio starts one");
          yield TestStore.minioByTls();
        }
      };
    }
  }

  private record Fixture(TestStore store, Origin origin) implements OriginChecks.Fixture {
    @Override
    public String put(String name, byte[] bytes) throws IOException {
      return store.put(name, bytes);
    }

    @Override
    public String location(String name) {
      return store.location(name);
    }

    @Override
    public void close() {
      origin.close();
      store.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void findsAndLists(Setup setup) throws Exception {
    try (Fixture fixture = setup.open()) {
      OriginChecks.findsAndLists(fixture);
      Origin origin = fixture.origin();
      OriginException missing =
          assertThrows(OriginException.class, () -> origin.list("s3://no-such-bucket-here/x", 1));
      assertEquals(Kind.NOT_FOUND, missing.kind());
    }
  }

  @ParameterizedTest
  @EnumSource
  void readsRangesIntoBlocks(Setup setup) throws Exception {
    try (Fixture fixture = setup.open()) {
      OriginChecks.readsRangesIntoBlocks(fixture);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aReplacedObjectIsRefusedByName(Setup setup) throws Exception {
    try (Fixture fixture = setup.open()) {
      OriginChecks.aReplacedObjectIsRefusedByName(fixture);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anObjectReplacedWhileOpenFailsWithBothTags(Setup setup) throws Exception {
    byte[] bytes = new byte[100_000];
    try (Fixture fixture = setup.open();
        Arena arena = Arena.ofConfined()) {
      StoredObject object = fixture.origin().find(fixture.put("x", bytes)).orElseThrow();
      try (OpenObject open = fixture.origin().open(object)) {
        bytes[7] = 1;
        fixture.put("x", bytes);
        StoredObject now = fixture.origin().find(object.location()).orElseThrow();
        MemorySegment slab = arena.allocate(1000);
        OriginException changed =
            assertThrows(OriginException.class, () -> open.readNow(5, slab, 0, 1000));
        assertEquals(Kind.CHANGED, changed.kind());
        assertTrue(changed.reason().contains(object.version().tag()), changed::reason);
        assertTrue(changed.reason().contains(now.version().tag()), changed::reason);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void keysMayHoldAnything(Setup setup) throws Exception {
    byte[] bytes = new byte[5000];
    new Random(2).nextBytes(bytes);
    try (Fixture fixture = setup.open();
        Arena arena = Arena.ofConfined()) {
      for (String key : List.of("a b+c/%41&=d~.tar", "\u00e4/\u65e5.tar")) {
        StoredObject object = fixture.origin().find(fixture.put(key, bytes)).orElseThrow();
        MemorySegment slab = arena.allocate(5000);
        try (OpenObject open = fixture.origin().open(object)) {
          assertEquals(5000, open.readNow(0, slab, 0, 5000));
        }
        assertEquals(-1, Arrays.mismatch(bytes, slab.toArray(ValueLayout.JAVA_BYTE)), key);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"IN_PROCESS", "IN_PROCESS_SDK", "MINIO", "MINIO_SDK"})
  void deniedSaysWhoAskedAndNeverTheSecret(Setup setup) throws Exception {
    try (Fixture fixture = setup.open();
        Arena arena = Arena.ofConfined()) {
      StoredObject object = fixture.origin().find(fixture.put("x", new byte[10])).orElseThrow();
      try (OpenObject open = fixture.origin().open(object)) {
        System.setProperty("aws.secretAccessKey", "another-secret");
        try (Origin wrong = fixture.store().origin(Map.of("s3.client", setup.reader))) {
          OriginException denied =
              assertThrows(OriginException.class, () -> wrong.find(object.location()));
          assertEquals(Kind.DENIED, denied.kind());
          assertTrue(denied.reason().contains(TestStore.KEY), denied::reason);
          assertFalse(denied.toString().contains("another-secret"), denied::toString);
        }
        MemorySegment slab = arena.allocate(10);
        OriginException denied =
            assertThrows(OriginException.class, () -> open.readNow(0, slab, 0, 10));
        assertEquals(Kind.DENIED, denied.kind());
        assertTrue(denied.reason().contains(TestStore.KEY), denied::reason);
        assertFalse(denied.toString().contains("another-secret"), denied::toString);
      } finally {
        System.setProperty("aws.secretAccessKey", TestStore.SECRET);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void rangesReachOverTheBordersOfParts(Setup setup) throws Exception {
    int partBytes = 5 << 20;
    byte[] bytes = new byte[partBytes + 700_000];
    new Random(3).nextBytes(bytes);
    try (Fixture fixture = setup.open();
        Arena arena = Arena.ofConfined()) {
      String location = fixture.store().putParts("parts", bytes, partBytes);
      StoredObject object = fixture.origin().find(location).orElseThrow();
      assertEquals(bytes.length, object.sizeBytes());
      assertTrue(object.version().tag().endsWith("-2\""), object::toString);
      MemorySegment slab = arena.allocate(400_000);
      try (OpenObject open = fixture.origin().open(object)) {
        for (int from : new int[] {0, partBytes - 200_000, partBytes, bytes.length - 400_000}) {
          assertEquals(400_000, open.readNow(from, slab, 0, 400_000));
          assertArrayEquals(
              Arrays.copyOfRange(bytes, from, from + 400_000), slab.toArray(ValueLayout.JAVA_BYTE));
        }
      }
    }
  }

  /** The version that was opened is still there, but no longer what the key stands for. */
  @ParameterizedTest
  @EnumSource(names = {"REAL", "REAL_SDK", "MINIO", "MINIO_SDK"})
  void anOlderVersionIsNotReadOn(Setup setup) throws Exception {
    try (Fixture fixture = setup.open();
        Arena arena = Arena.ofConfined()) {
      fixture.store().keepVersions();
      StoredObject old = fixture.origin().find(fixture.put("x", new byte[1000])).orElseThrow();
      MemorySegment slab = arena.allocate(1000);
      try (OpenObject open = fixture.origin().open(old)) {
        assertEquals(1000, open.readNow(0, slab, 0, 1000));
        fixture.put("x", new byte[] {1, 2, 3});
        OriginException changed =
            assertThrows(OriginException.class, () -> open.readNow(0, slab, 0, 1000));
        assertEquals(Kind.CHANGED, changed.kind());
        fixture.store().delete("x");
        assertTrue(fixture.origin().find(old.location()).isEmpty());
        OriginException gone =
            assertThrows(OriginException.class, () -> open.readNow(0, slab, 0, 1000));
        assertTrue(gone.kind() == Kind.NOT_FOUND || gone.kind() == Kind.CHANGED, gone::toString);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REAL", "REAL_SDK", "MINIO", "MINIO_SDK"})
  void nobodyReadsOnlyWhatIsOpenToEverybody(Setup setup) throws Exception {
    try (Fixture fixture = setup.open();
        Arena arena = Arena.ofConfined()) {
      String open = fixture.put("open/x", new byte[100]);
      String closed = fixture.put("closed/x", new byte[100]);
      fixture.store().letEverybodyRead("open/*");
      StoredObject known = fixture.origin().find(closed).orElseThrow();
      Map<String, String> nobody = Map.of("s3.client", setup.reader, "s3.anonymous", "on");
      try (Origin origin = fixture.store().origin(nobody)) {
        StoredObject object = origin.find(open).orElseThrow();
        try (OpenObject reading = origin.open(object)) {
          assertEquals(100, reading.readNow(0, arena.allocate(100), 0, 100));
        }
        OriginException denied =
            assertThrows(OriginException.class, () -> origin.find(known.location()));
        assertEquals(Kind.DENIED, denied.kind());
        assertTrue(denied.reason().contains("as nobody"), denied::reason);
      }
    }
  }
}
