package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Index files: the same comes back, other shards' are stale, bad bytes are told. */
class IndexFileTest {
  @TempDir private Path directory = Path.of("");

  private static ShardIndex index(String name, byte[] bytes) throws IOException {
    return ShardIndex.scan(new MemorySource(name, bytes), Codec.NONE, IndexOptions.detecting());
  }

  private static ShardIndex tarIndex() throws IOException {
    return index(
        "s.tar", Shards.tar(Shards.samples(new Random(1), 50, 900), WriterOptions.plain()));
  }

  private static void assertSame(ShardIndex expected, ShardIndex read) {
    assertEquals(expected.sampleCount(), read.sampleCount());
    assertEquals(expected.digest(), read.digest());
    assertEquals(expected.kind(), read.kind());
    assertEquals(expected.codec(), read.codec());
    assertEquals(expected.decodedBytes(), read.decodedBytes());
    assertEquals(expected.maxSampleBytes(), read.maxSampleBytes());
    assertEquals(expected.names().names(), read.names().names());
    for (int i = 0; i < expected.sampleCount(); i++) {
      assertEquals(expected.key(i), read.key(i));
      assertEquals(expected.sampleOffset(i), read.sampleOffset(i));
      assertEquals(expected.sampleBytes(i), read.sampleBytes(i));
      assertEquals(expected.fieldCount(i), read.fieldCount(i));
      for (int field = 0; field < expected.fieldCount(i); field++) {
        assertEquals(expected.fieldNameId(i, field), read.fieldNameId(i, field));
        assertEquals(expected.fieldOffset(i, field), read.fieldOffset(i, field));
        assertEquals(expected.fieldBytes(i, field), read.fieldBytes(i, field));
      }
    }
  }

  @Test
  void comesBack() throws IOException {
    Path file = directory.resolve("s.tar" + ShardIndex.FILE_SUFFIX);
    List<ShardIndex> all =
        List.of(
            tarIndex(),
            index("e.tar", GoldenTest.resource("python-empty.tar")),
            index("t.tfrecord", GoldenTest.resource("tensorflow.tfrecord")),
            index("none.tfrecord", new byte[0]));
    for (ShardIndex index : all) {
      index.write(file, 123, "etag-1");
      assertSame(index, ShardIndex.read(file, name(index), 123, "etag-1"));
    }
    try (Stream<Path> left = Files.list(directory)) {
      assertEquals(1, left.count());
    }
  }

  /** Keys of records without any follow the shard's name. */
  private static String name(ShardIndex index) {
    return index.kind() == RecordKind.WEBDATASET ? "any" : "x/t.tfrecord.zst";
  }

  @Test
  void keepsFrames() throws IOException {
    Path file = directory.resolve("f");
    ShardIndex scanned = tarIndex();
    assertEquals(1, scanned.frames().count());
    FrameTable frames =
        FrameTable.builder()
            .add(0, 0)
            .add(40, 1000)
            .add(80, 3000)
            .build(99, scanned.decodedBytes());
    scanned.withFrames("s.tar", frames).write(file, 99, "");
    FrameTable read = ShardIndex.read(file, "s.tar", 99, "").frames();
    assertEquals(3, read.count());
    assertEquals(80, read.storedOffset(2));
    assertEquals(3000, read.decodedOffset(2));
    assertEquals(99, read.storedBytes());
    assertEquals(1, read.frameOf(2999));
  }

  @Test
  void refusesWhatIsStale() throws IOException {
    Path file = directory.resolve("f");
    tarIndex().write(file, 123, "etag-1");
    StaleIndexException size =
        assertThrows(
            StaleIndexException.class, () -> ShardIndex.read(file, "s.tar", 124, "etag-1"));
    assertTrue(size.toString().contains("123 bytes, it now has 124"), size.getMessage());
    StaleIndexException tag =
        assertThrows(
            StaleIndexException.class, () -> ShardIndex.read(file, "s.tar", 123, "etag-2"));
    assertTrue(tag.toString().contains("etag-1"), tag.getMessage());
    byte[] bytes = Files.readAllBytes(file);
    bytes[8] = 9;
    Files.write(file, bytes);
    assertThrows(StaleIndexException.class, () -> ShardIndex.read(file, "s.tar", 123, "etag-1"));
  }

  @Test
  void noticesEveryFlippedByteAndCut() throws IOException {
    Path file = directory.resolve("f");
    index("e.tar", GoldenTest.resource("python-ustar.tar")).write(file, 7, "tag");
    byte[] good = Files.readAllBytes(file);
    for (int at = 0; at < good.length; at++) {
      byte[] bad = good.clone();
      bad[at] ^= 0x10;
      Files.write(file, bad);
      boolean version = at >= 8 && at < 12;
      Class<? extends IOException> expected =
          version ? StaleIndexException.class : MalformedIndexException.class;
      assertThrows(expected, () -> ShardIndex.read(file, "e.tar", 7, "tag"));
      Files.write(file, Arrays.copyOf(good, at));
      assertThrows(MalformedIndexException.class, () -> ShardIndex.read(file, "e.tar", 7, "tag"));
    }
  }

  /** Bytes that lie behind a right CRC, as an attacker would write them. */
  @Test
  void checksWhatTheCrcCannot() throws IOException {
    Path file = directory.resolve("f");
    index("e.tar", GoldenTest.resource("python-ustar.tar")).write(file, 7, "tag");
    byte[] good = Files.readAllBytes(file);
    Random random = new Random(4);
    int accepted = 0;
    for (int round = 0; round < 800; round++) {
      byte[] bad = good.clone();
      bad[12 + random.nextInt(bad.length - 16)] = (byte) random.nextInt(256);
      CRC32C crc = new CRC32C();
      crc.update(bad, 0, bad.length - 4);
      ByteBuffer.wrap(bad)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putInt(bad.length - 4, (int) crc.getValue());
      Files.write(file, bad);
      try {
        ShardIndex index = ShardIndex.read(file, "e.tar", 7, "tag");
        for (int i = 0; i < index.sampleCount(); i++) {
          assertTrue(index.sampleOffset(i) + index.sampleBytes(i) <= index.decodedBytes());
          index.key(i);
          for (int field = 0; field < index.fieldCount(i); field++) {
            index.names().name(index.fieldNameId(i, field));
          }
        }
        accepted++;
      } catch (MalformedIndexException | StaleIndexException refused) {
        assertTrue(refused.toString().contains(file.toString()), refused.getMessage());
      }
    }
    assertTrue(accepted < 800);
  }

  @Test
  void digestSpeaksOfSamplesOnly() throws IOException {
    byte[] bytes = Shards.tar(Shards.samples(new Random(1), 9, 900), WriterOptions.plain());
    ShardIndex here = index("here/a.tar", bytes);
    assertEquals(here.digest(), index("there/b.tar", bytes).digest());
    byte[] other = Shards.tar(Shards.samples(new Random(2), 9, 900), WriterOptions.plain());
    assertNotEquals(here.digest(), index("here/a.tar", other).digest());
    assertEquals(
        here.digest(),
        ShardIndex.scan(new MemorySource("c", bytes), Codec.ZSTD, IndexOptions.detecting())
            .digest());
  }

  @Test
  void keysOfRecordsWithoutKeys() throws IOException {
    byte[] bytes = GoldenTest.resource("tensorflow.tfrecord");
    assertEquals("train/00000003", index("a/b/train.TFRecord.gz", bytes).key(3));
    assertEquals(
        "t.tfrecord-00001-of-00002/00000000", index("t.tfrecord-00001-of-00002", bytes).key(0));
  }
}
