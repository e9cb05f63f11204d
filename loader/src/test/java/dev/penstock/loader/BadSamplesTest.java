package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.formats.MalformedRecordException;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.TfRecordFormat;
import dev.penstock.formats.WriterOptions;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** 100 samples in two shards; every tenth has a class that is no number, and is told so. */
class BadSamplesTest {
  private static final int SAMPLES = 100;

  @TempDir Path directory;

  @BeforeEach
  void writeShards() throws IOException {
    for (int shard = 0; shard < 2; shard++) {
      Path file = directory.resolve("part-" + shard + ".tar");
      try (ShardWriter writer = ShardWriter.webDataset(file, WriterOptions.plain())) {
        for (int i = 0; i < SAMPLES / 2; i++) {
          int number = shard * SAMPLES / 2 + i;
          String label = number % 10 == 3 ? "cat" : Integer.toString(number);
          writer.write(
              "k" + number,
              List.of(
                  SampleField.of("bin", new byte[100 + number]),
                  SampleField.of("cls", label.getBytes(StandardCharsets.UTF_8))));
        }
      }
    }
  }

  private LoaderConfig.Builder config(BadSamplePolicy policy) {
    return LoaderConfig.builder(directory.toString())
        .memoryBytes(64 << 20)
        .cpus(1)
        .batchSize(10)
        .shuffle(Shuffle.NONE)
        .fields(List.of(FieldSpec.parse("cls:int"), FieldSpec.bytes("bin")))
        .onBad(policy);
  }

  @Test
  void failsWithShardOffsetAndReason() throws IOException, InterruptedException {
    try (Loader loader = Loader.open(config(BadSamplePolicy.FAIL).build())) {
      PipelineFailedException failure =
          assertThrows(PipelineFailedException.class, () -> drain(loader));
      String message = String.valueOf(failure.getMessage());
      assertTrue(message.contains("part-0.tar") && message.contains("'cat'"), message);
      assertInstanceOf(MalformedRecordException.class, failure.getCause());
    }
  }

  /** The run ends right behind the last good batch, whichever thread met the bad one first. */
  @Test
  void failsBehindAllGoodBatches() throws IOException {
    for (int run = 0; run < 30; run++) {
      LoaderConfig config =
          config(BadSamplePolicy.FAIL).cpus(4).slots(6).batchSize(1).build(); // k3 is bad
      List<String> keys = new ArrayList<>();
      try (Loader loader = Loader.open(config)) {
        assertThrows(
            PipelineFailedException.class,
            () -> {
              for (Batch batch : loader) {
                try (batch) {
                  keys.add(batch.key(0));
                }
              }
            });
      }
      assertEquals(List.of("k0", "k1", "k2"), keys);
    }
  }

  private static List<Long> drain(Loader loader) {
    List<Long> labels = new ArrayList<>();
    for (Batch batch : loader) {
      try (batch) {
        for (int row = 0; row < batch.rows(); row++) {
          labels.add(batch.longValue("cls", row));
          assertEquals(100 + batch.longValue("cls", row), batch.bytes("bin", row).byteSize());
        }
      }
    }
    return labels;
  }

  @Test
  void skippedPlacesStayEmpty() throws IOException {
    try (Loader loader = Loader.open(config(BadSamplePolicy.SKIP).build())) {
      for (Batch batch : loader) {
        try (batch) {
          assertEquals(9, batch.rows());
          assertEquals(1, batch.badSamples());
        }
      }
      assertEquals(10, loader.badSamples().size());
      assertEquals("k3", loader.badSamples().getFirst().key());
      assertEquals(90, loader.stats().samples());
      assertEquals(10, loader.stats().badSamples());
    }
  }

  @Test
  void goodSamplesOfTheSameLaneStandIn() throws IOException {
    Set<Long> labels = new HashSet<>();
    int replacements = 0;
    try (Loader loader =
        Loader.open(config(BadSamplePolicy.REPLACE).shuffle(Shuffle.BLOCK).build())) {
      for (Batch batch : loader) {
        try (batch) {
          assertEquals(10, batch.rows());
          for (int row = 0; row < batch.rows(); row++) {
            labels.add(batch.longValue("cls", row));
            assertFalse(batch.key(row).endsWith("3"), batch.key(row));
            replacements += (batch.flags(row) & BatchSchema.ROW_REPLACEMENT) != 0 ? 1 : 0;
          }
        }
      }
    }
    assertEquals(90, labels.size());
    assertEquals(10, replacements);
  }

  @Test
  void tooManyEndTheRun() throws IOException {
    try (Loader loader = Loader.open(config(BadSamplePolicy.SKIP).maxBadSamples(4).build())) {
      PipelineFailedException failure =
          assertThrows(PipelineFailedException.class, () -> drain(loader));
      assertTrue(String.valueOf(failure.getMessage()).contains("too many bad samples"));
    }
  }

  @Test
  void badChecksumsOfRecordsAreBadSamples() throws IOException, InterruptedException {
    Path records = Files.createDirectory(directory.resolve("records"));
    Path file = records.resolve("a.tfrecord");
    try (ShardWriter writer =
        ShardWriter.tfRecord(file, TfRecordFormat.example(), WriterOptions.plain())) {
      for (int i = 0; i < 20; i++) {
        writer.write(
            "",
            List.of(
                SampleField.ofInts("label", i),
                SampleField.ofInts("ids", i, i + 1, i + 2),
                SampleField.ofFloats("score", i / 2f),
                SampleField.of("image", new byte[1000])));
      }
    }
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 100] ^= 1; // in the image of the last record
    Files.write(file, bytes);
    LoaderConfig.Builder config =
        LoaderConfig.builder(records.toString())
            .memoryBytes(64 << 20)
            .batchSize(10)
            .shuffle(Shuffle.NONE);
    try (Loader loader = Loader.open(config.onBad(BadSamplePolicy.SKIP).build())) {
      Batch first = loader.next();
      assertNotNull(first);
      try (first) {
        assertEquals(
            Arrays.asList("ids", "image", "label", "score"),
            first.fieldNames().stream().sorted().toList());
        assertEquals(
            8, first.value("ids", 7).getAtIndex(java.lang.foreign.ValueLayout.JAVA_LONG, 1));
        assertEquals(
            3.5f, first.value("score", 7).get(java.lang.foreign.ValueLayout.JAVA_FLOAT, 0));
      }
      Batch second = loader.next();
      assertNotNull(second);
      try (second) {
        assertEquals(9, second.rows());
      }
      assertEquals(1, loader.badSamples().size());
      assertTrue(loader.badSamples().getFirst().reason().contains("CRC"));
    }
  }
}
