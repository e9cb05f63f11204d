package dev.penstock.benchmarks.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.penstock.formats.Codec;
import dev.penstock.formats.RecordKind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GeneratedDataTest {
  private static final int PNG_HEADER_BYTES = 8 + 25;

  @ParameterizedTest
  @CsvSource({
    "WEBDATASET, NONE, 0",
    "WEBDATASET, GZIP, 0",
    "WEBDATASET, ZSTD, 10000",
    "TFRECORD_EXAMPLE, LZ4, 0"
  })
  void theSameSeedGivesTheSameBytes(
      RecordKind kind, Codec codec, long frameBytes, @TempDir Path directory) throws IOException {
    SampleShards data = new SampleShards(20, 3000, 2, 7, kind, codec, frameBytes, 40);
    Path one = Files.createDirectory(directory.resolve("one"));
    Path two = Files.createDirectory(directory.resolve("two"));
    data.write(one);
    data.write(two);
    for (int shard = 0; shard < 2; shard++) {
      assertArrayEquals(
          Files.readAllBytes(one.resolve(data.name(shard))),
          Files.readAllBytes(two.resolve(data.name(shard))));
    }
  }

  @Test
  void refusesWhatCannotBe() {
    assertThrows(IllegalArgumentException.class, () -> SampleShards.plainTar(1, 10, 2, 0));
    assertThrows(IllegalArgumentException.class, () -> SampleShards.plainTar(5, 0, 1, 0));
  }

  @Test
  void picturesAreDecodedWithInflateAlone() throws DataFormatException {
    Pictures pictures = new Pictures(new SplittableRandom(1));
    for (int kind = 0; kind < Pictures.KINDS; kind++) {
      byte[] rgb = pictures.draw(kind).clone();
      byte[] png = Png.encode(rgb, Pictures.SIDE, Pictures.SIDE);
      ByteBuffer chunk = ByteBuffer.wrap(png).position(PNG_HEADER_BYTES);
      int length = chunk.getInt();
      byte[] type = new byte[4];
      chunk.get(type);
      assertEquals("IDAT", new String(type, java.nio.charset.StandardCharsets.US_ASCII));
      Inflater inflater = new Inflater();
      inflater.setInput(png, chunk.position(), length);
      byte[] rows = new byte[Pictures.SIDE * (1 + 3 * Pictures.SIDE)];
      assertEquals(rows.length, inflater.inflate(rows));
      inflater.end();
      for (int y = 0; y < Pictures.SIDE; y++) {
        int row = y * (1 + 3 * Pictures.SIDE);
        assertEquals(0, rows[row]);
        for (int i = 0; i < 3 * Pictures.SIDE; i++) {
          assertEquals(rgb[3 * Pictures.SIDE * y + i], rows[row + 1 + i]);
        }
      }
    }
  }
}
