package dev.penstock.cache.s3;

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
    MINIO_SDK("sdk");

    private final String reader;

    Setup(String reader) {
      this.reader = reader;
    }

    private Fixture open() {
      return new Fixture(store(), reader);
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
      };
    }
  }

  private record Fixture(TestStore store, Origin origin) implements OriginChecks.Fixture {
    Fixture(TestStore store, String reader) {
      this(store, store.origin(Map.of("s3.client", reader)));
    }

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
}
