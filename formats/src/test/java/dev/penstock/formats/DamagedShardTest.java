package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Framing that breaks: what stands before it is kept as it was, one place stands for the rest. */
class DamagedShardTest {
  private static final int SAMPLES = 12;

  private static byte[] tar() throws IOException {
    return Shards.tar(Shards.samples(new Random(3), SAMPLES, 2000), WriterOptions.plain());
  }

  private static byte[] records() throws IOException {
    return Shards.tfRecord(
        Shards.samples(new Random(3), SAMPLES, 2000),
        TfRecordFormat.example(),
        WriterOptions.plain());
  }

  private static ShardIndex whole(byte[] bytes, RecordFormat format) throws IOException {
    return ShardIndex.scan(new MemorySource("s", bytes), Codec.NONE, IndexOptions.of(format));
  }

  private static ShardIndex tolerant(byte[] bytes, RecordFormat format, boolean lengthKnown)
      throws IOException {
    return ShardIndex.scan(
        new MemorySource("s", bytes, Integer.MAX_VALUE, lengthKnown),
        Codec.NONE,
        IndexOptions.of(format).toleratingDamage());
  }

  /** All samples that end before {@code intact} are there; at most one more place follows. */
  private static void assertKeeps(ShardIndex whole, ShardIndex cut, long intact) {
    assertKeeps(
        whole, cut, intact, cut.damage().isEmpty() ? cut.sampleCount() : cut.sampleCount() - 1);
  }

  private static void assertKeeps(ShardIndex whole, ShardIndex cut, long intact, int kept) {
    for (int i = 0; i < kept; i++) {
      assertEquals(whole.key(i), cut.key(i));
      assertEquals(whole.sampleOffset(i), cut.sampleOffset(i));
      assertEquals(whole.sampleBytes(i), cut.sampleBytes(i));
      assertFalse(cut.isDamaged(i));
      assertTrue(whole.sampleOffset(i) + whole.sampleBytes(i) <= intact, "sample " + i);
    }
    if (!cut.damage().isEmpty()) {
      assertTrue(cut.isDamaged(kept));
      assertEquals(0, cut.sampleBytes(kept));
      assertEquals(0, cut.fieldCount(kept));
      assertEquals(whole.sampleOffset(kept), cut.sampleOffset(kept));
    }
  }

  /**
   * The sample inside of which a cut falls between two members, or -1. Such an archive ends without
   * a zero block, which is allowed (docs/formats.md), so nothing tells the cut.
   */
  private static int cutBetweenMembers(ShardIndex whole, long cutAt) {
    for (int sample = 0; sample < whole.sampleCount(); sample++) {
      for (int field = 0; field + 1 < whole.fieldCount(sample); field++) {
        long end = whole.fieldOffset(sample, field) + whole.fieldBytes(sample, field);
        if (cutAt == (end + 511) / 512 * 512) {
          return sample;
        }
      }
    }
    return -1;
  }

  @Test
  void anArchiveCutBetweenTheMembersOfASampleEndsThere() throws IOException {
    byte[] bytes = tar();
    WebDatasetFormat format = WebDatasetFormat.instance();
    ShardIndex whole = whole(bytes, format);
    int borders = 0;
    for (int cutAt = 512; cutAt < bytes.length; cutAt += 512) {
      int last = cutBetweenMembers(whole, cutAt);
      if (last < 0) {
        continue;
      }
      borders++;
      ShardIndex cut = tolerant(Arrays.copyOf(bytes, cutAt), format, borders % 2 == 0);
      assertEquals("", cut.damage());
      assertEquals(last + 1, cut.sampleCount());
      assertKeeps(whole, cut, cutAt, last);
      assertEquals(whole.key(last), cut.key(last));
      int fields = cut.fieldCount(last);
      assertTrue(fields > 0 && fields < whole.fieldCount(last));
      for (int field = 0; field < fields; field++) {
        assertEquals(whole.fieldNameId(last, field), cut.fieldNameId(last, field));
        assertEquals(whole.fieldOffset(last, field), cut.fieldOffset(last, field));
        assertEquals(whole.fieldBytes(last, field), cut.fieldBytes(last, field));
      }
    }
    assertTrue(borders >= SAMPLES, borders + " borders");
  }

  @Property(tries = 300)
  void archivesCutAnywhere(@ForAll @IntRange(min = 1, max = 40_000) int length) throws IOException {
    byte[] bytes = tar();
    WebDatasetFormat format = WebDatasetFormat.instance();
    ShardIndex whole = whole(bytes, format);
    int cutAt = Math.min(length, bytes.length - 1025);
    Assume.that(cutBetweenMembers(whole, cutAt) < 0);
    ShardIndex cut = tolerant(Arrays.copyOf(bytes, cutAt), format, length % 2 == 0);
    assertKeeps(whole, cut, cutAt);
    boolean refused;
    try {
      whole(Arrays.copyOf(bytes, cutAt), format);
      refused = false;
    } catch (MalformedRecordException e) {
      refused = true;
      assertEquals(e.reason(), cut.damage());
    }
    assertEquals(refused, !cut.damage().isEmpty());
  }

  @Property(tries = 300)
  void recordsCutAnywhere(@ForAll @IntRange(min = 1, max = 40_000) int length) throws IOException {
    byte[] bytes = records();
    ShardIndex whole = whole(bytes, TfRecordFormat.example());
    int cutAt = Math.min(length, bytes.length - 1);
    ShardIndex cut =
        tolerant(Arrays.copyOf(bytes, cutAt), TfRecordFormat.example(), length % 2 == 0);
    assertKeeps(whole, cut, cutAt);
    boolean atBorder = false;
    for (int i = 0; i < SAMPLES; i++) {
      atBorder |= whole.sampleOffset(i) == cutAt;
    }
    assertEquals(atBorder, cut.damage().isEmpty());
  }

  @Property(tries = 100)
  void flippedHeadersOfArchives(
      @ForAll @IntRange(min = 1, max = SAMPLES - 1) int sample,
      @ForAll @IntRange(min = 0, max = 99) int at)
      throws IOException {
    byte[] bytes = tar();
    WebDatasetFormat format = WebDatasetFormat.instance();
    ShardIndex whole = whole(bytes, format);
    bytes[(int) whole.sampleOffset(sample) + at] ^= 1;
    ShardIndex damaged = tolerant(bytes, format, true);
    // Whether the unreadable member belongs to the sample before it nobody can tell.
    assertEquals(sample, damaged.sampleCount());
    assertTrue(damaged.isDamaged(sample - 1));
    assertEquals(whole.key(sample - 1), damaged.key(sample - 1));
    assertTrue(damaged.damage().contains("checksum"), damaged.damage());
  }

  @Test
  void wrongLengthOfRecord() throws IOException {
    byte[] bytes = records();
    ShardIndex whole = whole(bytes, TfRecordFormat.example());
    bytes[(int) whole.sampleOffset(5) + 1] ^= 4;
    ShardIndex damaged = tolerant(bytes, TfRecordFormat.example(), true);
    assertEquals(6, damaged.sampleCount());
    assertKeeps(whole, damaged, whole.sampleOffset(5));
    assertTrue(damaged.damage().contains("CRC32C of a record's length"), damaged.damage());
    assertThrows(MalformedRecordException.class, () -> whole(bytes, TfRecordFormat.example()));
  }

  @Test
  void isKeptInTheIndexFile(@TempDir Path directory) throws IOException {
    byte[] bytes = records();
    ShardIndex damaged =
        tolerant(Arrays.copyOf(bytes, bytes.length - 5), TfRecordFormat.example(), true);
    Path file = directory.resolve("s" + ShardIndex.FILE_SUFFIX);
    damaged.write(file, 9, "v");
    ShardIndex read = ShardIndex.read(file, "s", 9, "v");
    assertEquals(damaged.damage(), read.damage());
    assertEquals(damaged.digest(), read.digest());
    assertTrue(read.isDamaged(SAMPLES - 1));
    assertFalse(damaged.digest().equals(whole(bytes, TfRecordFormat.example()).digest()));
  }
}
