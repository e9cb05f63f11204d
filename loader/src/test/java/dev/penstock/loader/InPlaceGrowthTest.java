package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rows that are read in place behind a stand-in that is larger than what it stands in for: their
 * columns have to grow while places in them are held already.
 */
class InPlaceGrowthTest {
  private static final int SAMPLES = 120;

  @TempDir Path directory;

  @BeforeEach
  void writeShard() throws IOException {
    try (ShardWriter writer =
        ShardWriter.webDataset(directory.resolve("part.tar"), WriterOptions.plain())) {
      for (int i = 0; i < SAMPLES; i++) {
        boolean bad = i % 10 == 3; // and small
        writer.write(
            "k" + i,
            List.of(
                SampleField.of("a", bad ? new byte[10] : bytes(i, 1)),
                SampleField.of("b", bad ? new byte[10] : bytes(i, 2)),
                SampleField.of(
                    "cls", (bad ? "cat" : Integer.toString(i)).getBytes(StandardCharsets.UTF_8))));
      }
    }
  }

  private static byte[] bytes(int number, int field) {
    Random random = new Random(number * 31L + field);
    byte[] bytes = new byte[20_000 + random.nextInt(200)];
    random.nextBytes(bytes);
    return bytes;
  }

  @Test
  void placesStayValidWhileAnotherColumnGrows() throws IOException {
    LoaderConfig config =
        LoaderConfig.builder(directory.toString())
            .memoryBytes(64 << 20)
            .cpus(1)
            .ramTier(false)
            .batchSize(10)
            .shuffle(Shuffle.BLOCK)
            .fields(List.of(FieldSpec.bytes("b"), FieldSpec.bytes("a"), FieldSpec.parse("cls:int")))
            .onBad(BadSamplePolicy.REPLACE)
            .build();
    int replaced = 0;
    try (Loader loader = Loader.open(config)) {
      for (Batch batch : loader) {
        try (batch) {
          assertEquals(10, batch.rows());
          for (int row = 0; row < batch.rows(); row++) {
            int number = Integer.parseInt(batch.key(row).substring(1));
            assertEquals(number, batch.longValue("cls", row));
            check(number, 1, batch, "a", row);
            check(number, 2, batch, "b", row);
            replaced += (batch.flags(row) & BatchSchema.ROW_REPLACEMENT) != 0 ? 1 : 0;
          }
        }
      }
    }
    assertTrue(replaced > 0);
  }

  private static void check(int number, int field, Batch batch, String name, int row) {
    assertArrayEquals(
        bytes(number, field),
        batch.bytes(name, row).toArray(ValueLayout.JAVA_BYTE),
        "field %s of sample %d".formatted(name, number));
  }
}
