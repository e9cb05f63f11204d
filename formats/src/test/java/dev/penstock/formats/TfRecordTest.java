package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Framing: both CRCs, cuts at every byte. */
class TfRecordTest {
  private static byte[] file() throws IOException {
    return GoldenTest.resource("tensorflow.tfrecord");
  }

  private static void read(byte[] bytes) throws IOException {
    MemorySource source = new MemorySource("x.tfrecord", bytes);
    ShardIndex index =
        ShardIndex.scan(source, Codec.NONE, IndexOptions.of(TfRecordFormat.example()));
    SampleParser parser = TfRecordFormat.example().parser();
    for (int i = 0; i < index.sampleCount(); i++) {
      ByteRun run = new ByteRun();
      try (ByteSource.ByteLease lease =
          source.request(index.sampleOffset(i), index.sampleBytes(i))) {
        lease.await(run);
        parser.parse(source.name(), index.sampleOffset(i), run, new SampleView());
      } catch (InterruptedException impossible) {
        throw new IllegalStateException(impossible);
      }
    }
  }

  @Test
  void noticesEveryFlippedBit() throws IOException {
    byte[] whole = file();
    // Two records are enough; each bit of the file costs a scan.
    int second = 16 + (int) lengthAt(whole, 0);
    byte[] two = Arrays.copyOf(whole, second + 16 + (int) lengthAt(whole, second));
    read(two);
    for (int bit = 0; bit < two.length * 8; bit++) {
      byte[] flipped = two.clone();
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));
      MalformedRecordException noticed =
          assertThrows(MalformedRecordException.class, () -> read(flipped));
      assertEquals(bit / 8 < second ? 0 : second, noticed.offset());
    }
  }

  @Test
  void noticesEveryCut() throws IOException {
    byte[] whole = file();
    int second = 16 + (int) lengthAt(whole, 0);
    for (int length = 1; length < second + 20; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      if (length == second) {
        read(cut);
        continue;
      }
      MalformedRecordException noticed =
          assertThrows(MalformedRecordException.class, () -> read(cut));
      assertEquals(length < second ? 0 : second, noticed.offset());
    }
  }

  private static long lengthAt(byte[] bytes, int at) {
    long length = 0;
    for (int i = 7; i >= 0; i--) {
      length = length << 8 | (bytes[at + i] & 0xFF);
    }
    return length;
  }

  @Test
  void detectionGoesByContent() throws IOException {
    MemorySource tarNamedTfRecord =
        new MemorySource("x.tfrecord", GoldenTest.resource("python-ustar.tar"));
    assertEquals(
        RecordKind.WEBDATASET,
        ShardIndex.scan(tarNamedTfRecord, Codec.NONE, IndexOptions.detecting()).kind());
    MemorySource text = new MemorySource("x.tar", new byte[] {'t', 'e', 'x', 't'});
    MalformedRecordException neither =
        assertThrows(
            MalformedRecordException.class,
            () -> ShardIndex.scan(text, Codec.NONE, IndexOptions.detecting()));
    assertTrue(neither.toString().contains("neither"), neither.getMessage());
  }
}
