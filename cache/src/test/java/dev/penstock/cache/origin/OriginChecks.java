package dev.penstock.cache.origin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.origin.OriginException.Kind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What every origin keeps; also used by the provider modules. */
public final class OriginChecks {
  private static final int BLOCK = 8192;

  private OriginChecks() {}

  /** An origin, and how objects come to be in it. */
  public interface Fixture extends AutoCloseable {
    /** The origin under test. */
    Origin origin();

    /** Stores bytes under a name and returns the location. */
    String put(String name, byte[] bytes) throws IOException;

    /** Where a name would be stored. */
    String location(String name);

    /** Whether the store can list. */
    default boolean lists() {
      return true;
    }

    @Override
    void close();
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  /** Finding by exact name, and listing. */
  public static void findsAndLists(Fixture fixture) throws Exception {
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
    if (!fixture.lists()) {
      OriginException refused =
          assertThrows(OriginException.class, () -> origin.list(fixture.location("d"), 1));
      assertEquals(Kind.UNSUPPORTED, refused.kind());
      return;
    }
    assertEquals(List.of("a", "b"), names(origin.list(fixture.location("d"), 1)));
    assertEquals(List.of("a", "b", "e/c"), names(origin.list(fixture.location("d/"), 2)));
    assertEquals(List.of(), origin.list(fixture.location("nowhere"), 1));
  }

  private static List<String> names(List<StoredObject> objects) {
    return objects.stream().map(StoredObject::name).toList();
  }

  /** Ranges into blocks, at any place. */
  public static void readsRangesIntoBlocks(Fixture fixture) throws Exception {
    byte[] bytes = bytes(20 * BLOCK + 77);
    try (Arena arena = Arena.ofShared()) {
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

  /** An object is opened in the version that was found, or not at all. */
  public static void aReplacedObjectIsRefusedByName(Fixture fixture) throws Exception {
    StoredObject old = fixture.origin().find(fixture.put("d/x", bytes(10))).orElseThrow();
    fixture.put("d/x", bytes(11));
    StoredObject now = fixture.origin().find(old.location()).orElseThrow();
    OriginException changed = assertThrows(OriginException.class, () -> fixture.origin().open(old));
    assertEquals(Kind.CHANGED, changed.kind());
    assertTrue(changed.toString().contains(old.version().tag()), changed.toString());
    assertTrue(changed.toString().contains(now.version().tag()), changed.toString());
  }
}
