package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.formats.Codec;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompressedShardsTest {
  private static final int SHARDS = 4;
  private static final int SAMPLES = 50;

  @TempDir Path directory;

  /** Text that compresses, different for every sample. */
  private static byte[] text(int number) {
    return ("sample " + number + " ").repeat(500 + number).getBytes(StandardCharsets.UTF_8);
  }

  private void write(WriterOptions options) throws IOException {
    for (int shard = 0; shard < SHARDS; shard++) {
      Path file = directory.resolve("text-%d.tar.any".formatted(shard));
      try (ShardWriter writer = ShardWriter.webDataset(file, options)) {
        for (int i = 0; i < SAMPLES; i++) {
          int number = shard * SAMPLES + i;
          writer.write("n" + number, List.of(SampleField.of("txt", text(number))));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "GZIP, 0, NONE",
    "GZIP, 0, BLOCK",
    "GZIP, 65536, BLOCK",
    "ZSTD, 0, NONE",
    "ZSTD, 0, BLOCK",
    "ZSTD, 65536, BLOCK",
    "LZ4, 0, NONE",
    "LZ4, 0, BLOCK",
    "LZ4, 65536, BLOCK",
    "LZ4, -1, NONE" // a budget for fewer decoders than shards are ahead
  })
  void deliversEachSampleOnceWithItsBytes(Codec codec, long frameBytes, Shuffle shuffle)
      throws IOException {
    WriterOptions options = WriterOptions.compressed(codec);
    boolean small = frameBytes < 0;
    write(frameBytes <= 0 ? options : new WriterOptions(codec, options.level(), frameBytes));
    LoaderConfig config =
        LoaderConfig.builder(directory + "/text-{0..3}.tar.any")
            .memoryBytes(small ? 48 << 20 : 96 << 20)
            .cpus(2)
            .batchSize(8)
            .epochs(2)
            .shuffle(shuffle)
            .build();
    Engine engine = Engine.open(config.engine());
    try (Loader loader = Loader.open(config, engine)) {
      Set<String> seen = new TreeSet<>();
      for (Batch batch : loader) {
        try (batch) {
          for (int row = 0; row < batch.rows(); row++) {
            assertTrue(seen.add(batch.epoch() + batch.key(row)), batch.key(row));
            int number = Integer.parseInt(batch.key(row).substring(1));
            assertArrayEquals(text(number), batch.bytes("txt", row).toArray(ValueLayout.JAVA_BYTE));
          }
        }
      }
      assertEquals(2 * SHARDS * SAMPLES, seen.size());
    }
    assertEquals(0, engine.budget().usedBytes());
  }
}
