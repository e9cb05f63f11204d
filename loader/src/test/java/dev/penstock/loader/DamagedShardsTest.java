package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.formats.Codec;
import dev.penstock.formats.MalformedRecordException;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.TfRecordFormat;
import dev.penstock.formats.WriterOptions;
import dev.penstock.sharding.End;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Three shards of ten samples; the second is cut in its last fifth. */
class DamagedShardsTest {
  private static final int SAMPLES = 10;

  @TempDir Path directory;

  private void writeTars(Codec codec) throws IOException {
    Random random = new Random(1);
    for (int shard = 0; shard < 3; shard++) {
      Path file = directory.resolve("part-" + shard + ".tar");
      WriterOptions options =
          codec == Codec.NONE ? WriterOptions.plain() : WriterOptions.compressed(codec);
      try (ShardWriter writer = ShardWriter.webDataset(file, options)) {
        for (int i = 0; i < SAMPLES; i++) {
          byte[] bytes = new byte[40_000];
          random.nextBytes(bytes);
          writer.write(key(shard, i), List.of(SampleField.of("bin", bytes)));
        }
      }
      if (shard == 1) {
        cut(file);
      }
    }
  }

  private static void cut(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, (int) (bytes.length * 0.85)));
  }

  private static String key(int shard, int i) {
    return "s" + shard + "-" + i;
  }

  private LoaderConfig.Builder config(BadSamplePolicy policy) {
    return LoaderConfig.builder(directory.toString())
        .memoryBytes(64 << 20)
        .batchSize(5)
        .shuffle(Shuffle.NONE)
        .end(End.PAD)
        .onBad(policy);
  }

  private static List<String> keys(Loader loader) {
    List<String> keys = new ArrayList<>();
    for (Batch batch : loader) {
      try (batch) {
        for (int row = 0; row < batch.rows(); row++) {
          if ((batch.flags(row) & BatchSchema.ROW_PADDING) == 0) {
            keys.add(batch.key(row));
          }
        }
      }
    }
    return keys;
  }

  @ParameterizedTest
  @EnumSource(Codec.class)
  void skippingKeepsAllThatIsWhole(Codec codec) throws IOException {
    writeTars(codec);
    for (int run = 0; run < 2; run++) { // the second time with stored indexes
      try (Loader loader = Loader.open(config(BadSamplePolicy.SKIP).build())) {
        List<String> keys = keys(loader);
        List<String> expected = new ArrayList<>();
        for (int shard = 0; shard < 3; shard++) {
          for (int i = 0; i < SAMPLES; i++) {
            expected.add(key(shard, i));
          }
        }
        int whole = (int) keys.stream().filter(key -> key.startsWith("s1-")).count();
        assertTrue(whole >= 6 && whole < SAMPLES, "kept " + whole + " of the cut shard");
        expected.removeIf(
            key -> key.startsWith("s1-") && Integer.parseInt(key.substring(3)) >= whole);
        assertEquals(expected, keys);
        BadSample bad = loader.badSamples().getFirst();
        assertEquals(1, loader.badSamples().size());
        assertEquals("part-1.tar", bad.shard());
        assertTrue(bad.reason().contains("cannot be found"), bad.reason());
      }
    }
  }

  /** Frames of about one sample; one in the middle does not decode, so neither do those behind. */
  @ParameterizedTest
  @EnumSource(
      value = Codec.class,
      names = {"ZSTD", "LZ4", "GZIP"})
  void framesBeforeOneThatDoesNotDecodeAreKept(Codec codec) throws IOException {
    Path file = directory.resolve("a.tar");
    WriterOptions options = WriterOptions.compressed(codec).withFrameBytes(64 << 10);
    try (ShardWriter writer = ShardWriter.webDataset(file, options)) {
      Random random = new Random(1);
      for (int i = 0; i < SAMPLES; i++) {
        byte[] bytes = new byte[40_000];
        random.nextBytes(bytes);
        writer.write(key(0, i), List.of(SampleField.of("bin", bytes)));
      }
    }
    byte[] bytes = Files.readAllBytes(file);
    for (int i = 0; i < 64; i++) {
      bytes[bytes.length / 2 + i] ^= (byte) (i + 1);
    }
    Files.write(file, bytes);
    try (Loader loader = Loader.open(config(BadSamplePolicy.SKIP).build())) {
      List<String> keys = keys(loader);
      assertTrue(keys.size() >= 2 && keys.size() <= 5, "kept " + keys);
      for (int i = 0; i < keys.size(); i++) {
        assertEquals(key(0, i), keys.get(i));
      }
      assertEquals(key(0, keys.size()), loader.badSamples().getFirst().key());
    }
  }

  @Test
  void failingRefusesTheShardByName() throws IOException {
    writeTars(Codec.NONE);
    for (int run = 0; run < 2; run++) {
      MalformedRecordException refused =
          assertThrows(
              MalformedRecordException.class,
              () -> Loader.open(config(BadSamplePolicy.FAIL).build()).close());
      assertEquals("part-1.tar", refused.shard());
      assertTrue(refused.reason().contains("cut"), refused.reason());
    }
  }

  @Test
  void replacingPutsAnotherInItsPlace() throws IOException {
    writeTars(Codec.NONE);
    try (Loader loader =
        Loader.open(config(BadSamplePolicy.REPLACE).shuffle(Shuffle.BLOCK).batchSize(4).build())) {
      int replacements = 0;
      for (Batch batch : loader) {
        try (batch) {
          assertEquals(4, batch.rows());
          for (int row = 0; row < batch.rows(); row++) {
            replacements += (batch.flags(row) & BatchSchema.ROW_REPLACEMENT) != 0 ? 1 : 0;
          }
        }
      }
      assertEquals(1, replacements);
    }
  }

  @Test
  void recordsToo() throws IOException {
    Path file = directory.resolve("a.tfrecord");
    try (ShardWriter writer =
        ShardWriter.tfRecord(file, TfRecordFormat.example(), WriterOptions.plain())) {
      for (int i = 0; i < SAMPLES; i++) {
        writer.write("", List.of(SampleField.of("bin", new byte[40_000])));
      }
    }
    cut(file);
    try (Loader loader = Loader.open(config(BadSamplePolicy.SKIP).build())) {
      assertEquals(8, keys(loader).size());
      assertEquals(1, loader.badSamples().size());
    }
  }
}
