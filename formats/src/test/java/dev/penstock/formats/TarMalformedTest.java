package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Archives that are cut, lie or never end: each a typed error that says where and what. */
class TarMalformedTest {
  private static byte[] archive() throws IOException {
    return GoldenTest.resource("python-ustar.tar");
  }

  private static MalformedRecordException refused(byte[] bytes) {
    return assertThrows(
        MalformedRecordException.class,
        () ->
            ShardIndex.scan(
                new MemorySource("x.tar", bytes), Codec.NONE, IndexOptions.detecting()));
  }

  private static void assertSays(MalformedRecordException error, long offset, String reason) {
    assertTrue(error.reason().contains(reason), error.getMessage());
    assertEquals(offset, error.offset(), error.getMessage());
    assertEquals("x.tar", error.shard());
  }

  @Test
  void cutInsideData() throws IOException {
    assertSays(refused(Arrays.copyOf(archive(), 512 + 10)), 0, "cut");
    assertSays(refused(Arrays.copyOf(archive(), 3 * 512 + 10)), 1024, "cut");
  }

  @Test
  void cutInsidePadding() throws IOException {
    assertSays(refused(Arrays.copyOf(archive(), 1024 - 1)), 0, "cut");
  }

  @Test
  void cutInsideHeader() throws IOException {
    assertSays(refused(Arrays.copyOf(archive(), 1024 + 100)), 1024, "inside a header");
  }

  @Test
  void cutsOfUnknownLengthAreNoticed() throws IOException {
    MemorySource source =
        new MemorySource("x.tar", Arrays.copyOf(archive(), 522), Integer.MAX_VALUE, false);
    assertThrows(
        MalformedRecordException.class,
        () -> ShardIndex.scan(source, Codec.NONE, IndexOptions.detecting()));
  }

  @Test
  void wrongChecksum() throws IOException {
    byte[] bytes = archive();
    bytes[1024 + 3] ^= 1;
    assertSays(refused(bytes), 1024, "checksum");
  }

  @Test
  void emptyFile() {
    assertSays(refused(new byte[0]), 0, "empty");
  }

  @Test
  void sizesThatLie() throws IOException {
    assertSays(refused(patched("77777777777\0")), 0, "cut");
    assertSays(refused(patched("12345678x00\0")), 0, "octal");
    byte[] negative = archive();
    Arrays.fill(negative, 124, 136, (byte) 0xFF);
    assertSays(refused(checksummed(negative)), 0, "negative");
    byte[] huge = archive();
    huge[124] = (byte) 0x80;
    Arrays.fill(huge, 125, 136, (byte) 0xFF);
    assertSays(refused(checksummed(huge)), 0, "beyond");
  }

  private static byte[] patched(String size) throws IOException {
    byte[] bytes = archive();
    System.arraycopy(size.getBytes(StandardCharsets.US_ASCII), 0, bytes, 124, 12);
    return checksummed(bytes);
  }

  /** Sets the checksum of the first header anew. */
  static byte[] checksummed(byte[] bytes) {
    Arrays.fill(bytes, 148, 156, (byte) ' ');
    int sum = 0;
    for (int i = 0; i < 512; i++) {
      sum += bytes[i] & 0xFF;
    }
    byte[] text = "%06o\0 ".formatted(sum).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, bytes, 148, 8);
    return bytes;
  }

  /** An extended header of {@code type} with {@code body}, {@code copies} times. */
  private static byte[] extended(char type, String body, int claimed, int copies) {
    byte[] text = body.getBytes(StandardCharsets.UTF_8);
    int one = 512 + (text.length + 511) / 512 * 512;
    byte[] bytes = new byte[one * copies + 10240];
    byte[] head = new byte[512];
    head[0] = 'x';
    System.arraycopy(
        "%011o".formatted(claimed).getBytes(StandardCharsets.US_ASCII), 0, head, 124, 11);
    head[156] = (byte) type;
    checksummed(head);
    for (int i = 0; i < copies; i++) {
      System.arraycopy(head, 0, bytes, i * one, 512);
      System.arraycopy(text, 0, bytes, i * one + 512, text.length);
    }
    return bytes;
  }

  private static byte[] extended(char type, String body) {
    return extended(type, body, body.getBytes(StandardCharsets.UTF_8).length, 1);
  }

  @Test
  void extendedHeadersWithoutEnd() {
    assertSays(refused(extended('x', "", 2 << 20, 1)), 0, "limit is 1048576");
    assertSays(refused(extended('x', "6 a=b\n", 6, 100)), 16 * 1024, "more than 16");
    assertSays(refused(extended('x', "6 a=b\n")), 1024, "between an extended header");
    assertSays(refused(extended('x', "", 20_000, 1)), 0, "inside an extended header");
    assertSays(refused(extended('L', "n".repeat(5000))), 0, "limit is 4096");
    assertSays(refused(extended('x', "5010 path=" + "n".repeat(4999) + "\n")), 0, "limit is 4096");
  }

  @Test
  void extendedHeadersThatLie() {
    assertSays(refused(extended('x', "9 a=b\n")), 0, "malformed");
    assertSays(refused(extended('x', "x a=b\n")), 0, "malformed");
    assertSays(refused(extended('x', "6 abc\n")), 0, "'='");
    assertSays(refused(extended('x', "11 size=-1\n")), 0, "no number");
    assertSays(refused(extended('g', "10 size=1\n")), 0, "global");
    assertSays(refused(extended('x', "22 GNU.sparse.major=1\n")), 0, "sparse");
  }

  @Test
  void duplicateFieldsInOneSample() throws IOException {
    byte[] bytes = archive();
    System.arraycopy(bytes, 0, bytes, 1024, 512);
    assertSays(refused(bytes), 1024, "two fields named jpg");
  }

  @Test
  void parserRefusesAnotherSamplesBytes() throws IOException {
    byte[] bytes = archive();
    MemorySource source = new MemorySource("x.tar", bytes);
    ShardIndex index = ShardIndex.scan(source, Codec.NONE, IndexOptions.detecting());
    long offset = index.sampleOffset(1);
    long length = index.sampleBytes(1);
    assertParse(source, offset, length, "");
    assertParse(source, offset, length - 1, "beyond the sample");
    assertParse(source, offset, length + 1, "does not end");
    assertParse(source, offset + 512, length, "");
    assertParse(source, 0, index.sampleBytes(0) + 1024 + 512, "another sample's key");
  }

  private static void assertParse(MemorySource source, long offset, long length, String reason) {
    ByteRun run = new ByteRun();
    try (ByteSource.ByteLease lease = source.request(offset, length)) {
      lease.await(run);
      WebDatasetFormat.instance().parser().parse("x.tar", offset, run, new SampleView());
      assertEquals("", reason);
    } catch (MalformedRecordException malformed) {
      assertTrue(malformed.reason().contains(reason), malformed.getMessage());
    } catch (IOException | InterruptedException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
