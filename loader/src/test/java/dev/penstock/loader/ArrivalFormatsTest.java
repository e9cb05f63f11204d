package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.formats.Codec;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.TfRecordFormat;
import dev.penstock.formats.WriterOptions;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The order of arrival over all formats and codecs. */
class ArrivalFormatsTest {
  private static final int SHARDS = 3;
  private static final int SAMPLES = 40;
  private static final int COUNT = SHARDS * SAMPLES;

  @TempDir Path directory;

  enum Kind {
    TAR,
    EXAMPLE,
    RAW
  }

  /** Text that compresses to about a half, different for every sample. */
  private static byte[] text(int number) {
    StringBuilder text = new StringBuilder("sample " + number);
    Random random = new Random(number);
    for (int word = 0; word < 400 + number; word++) {
      text.append(' ').append(random.nextInt(1 << 30));
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private void write(Kind kind, WriterOptions options) throws IOException {
    for (int shard = 0; shard < SHARDS; shard++) {
      try (ShardWriter writer =
          writer(kind, directory.resolve("s-%d.any".formatted(shard)), options)) {
        for (int i = 0; i < SAMPLES; i++) {
          int number = shard * SAMPLES + i;
          String field = kind == Kind.RAW ? TfRecordFormat.RAW_FIELD : "txt";
          writer.write("n" + number, List.of(SampleField.of(field, text(number))));
        }
      }
    }
  }

  private static ShardWriter writer(Kind kind, Path file, WriterOptions options)
      throws IOException {
    return switch (kind) {
      case TAR -> ShardWriter.webDataset(file, options);
      case EXAMPLE -> ShardWriter.tfRecord(file, TfRecordFormat.example(), options);
      case RAW -> ShardWriter.tfRecord(file, TfRecordFormat.raw(), options);
    };
  }

  private LoaderConfig.Builder config(Kind kind, int batchSize) {
    return ArrivalRun.config(directory + "/s-{0..2}.any", batchSize)
        .memoryBytes(96 << 20)
        .rawRecords(kind == Kind.RAW)
        .lanes(2)
        .window(9)
        .seed(3);
  }

  static Stream<Arguments> all() {
    return Arrays.stream(Kind.values())
        .flatMap(
            kind ->
                Stream.of("NONE 0", "GZIP 0", "ZSTD 0", "ZSTD 65536", "LZ4 0", "LZ4 65536")
                    .map(how -> how.split(" "))
                    .map(how -> Arguments.of(kind, Codec.valueOf(how[0]), Long.parseLong(how[1]))));
  }

  @ParameterizedTest
  @MethodSource("all")
  void everySampleOnceInAPassAndExactResume(Kind kind, Codec codec, long frameBytes)
      throws IOException {
    WriterOptions options =
        codec == Codec.NONE ? WriterOptions.plain() : WriterOptions.compressed(codec);
    write(kind, frameBytes == 0 ? options : new WriterOptions(codec, options.level(), frameBytes));
    ArrivalRun run = ArrivalRun.of(config(kind, 8).build(), 2 * COUNT / 8);
    for (int pass = 0; pass < 2; pass++) {
      List<ArrivalRun.Row> rows = run.rows().subList(pass * COUNT, (pass + 1) * COUNT);
      Set<ArrivalRun.Row> seen = new HashSet<>(rows);
      for (int number = 0; number < COUNT; number++) {
        assertTrue(seen.contains(row(kind, number)), "sample " + number + " in pass " + pass);
      }
    }
    for (int at : new int[] {0, 1, 6, 14, 20}) {
      ArrivalRun resumed =
          ArrivalRun.of(config(kind, 8).cursor(run.steps.get(at).position()).build(), 5);
      assertEquals(run.steps.subList(at + 1, at + 6), resumed.steps, "after step " + at);
    }
  }

  private static ArrivalRun.Row row(Kind kind, int number) {
    String field = kind == Kind.RAW ? TfRecordFormat.RAW_FIELD : "txt";
    String key =
        kind == Kind.TAR
            ? "n" + number
            : "s-%d.any/%08d".formatted(number / SAMPLES, number % SAMPLES);
    return new ArrivalRun.Row(key, 7 * field.hashCode() + Arrays.hashCode(text(number)));
  }

  /** What is decoded before the break is the same in every pass and after every resume. */
  @ParameterizedTest
  @CsvSource({"GZIP, TAR", "ZSTD, TAR", "LZ4, TAR", "GZIP, EXAMPLE", "ZSTD, RAW"})
  void compressedShardsThatBreak(Codec codec, Kind kind) throws IOException {
    WriterOptions whole = WriterOptions.compressed(codec);
    write(kind, codec == Codec.GZIP ? whole : new WriterOptions(codec, whole.level(), 16 << 10));
    Path shard = directory.resolve("s-1.any");
    byte[] bytes = Files.readAllBytes(shard);
    Files.write(shard, Arrays.copyOf(bytes, bytes.length * 2 / 3));
    LoaderConfig.Builder config = config(kind, 4).onBad(BadSamplePolicy.SKIP);
    ArrivalRun run = ArrivalRun.of(config.build(), 3 * COUNT / 4);
    assertEquals(1, run.bad.size(), run.bad.toString());
    assertEquals("s-1.any", run.bad.getFirst().shard());
    int kept = (int) run.keys().stream().distinct().count() - 2 * SAMPLES;
    assertTrue(kept > 5 && kept < SAMPLES, kept + " samples of the broken shard");
    int places = 2 * SAMPLES + kept + 1;
    List<String> keys = run.keys();
    for (int number = 0; number < COUNT; number++) {
      String key = row(kind, number).key();
      boolean there = number / SAMPLES != 1 || number % SAMPLES < kept;
      assertEquals(there, keys.contains(key), key);
    }
    int bad = 0;
    int rows = 0;
    for (ArrivalRun.Step step : run.steps) {
      rows += step.rows().size() + step.bad();
      bad += step.bad();
    }
    assertEquals(rows / places, bad, "one bad place in each of the passes");
    for (int at = 0; at < run.steps.size() - 3; at += 7) {
      ArrivalRun resumed = ArrivalRun.of(config.cursor(run.steps.get(at).position()).build(), 2);
      assertEquals(run.steps.subList(at + 1, at + 3), resumed.steps, "after step " + at);
    }
  }

  @Test
  void brokenRecordsAreBadSamples() throws IOException {
    write(Kind.EXAMPLE, WriterOptions.plain());
    Path shard = directory.resolve("s-2.any");
    byte[] bytes = Files.readAllBytes(shard);
    bytes[bytes.length / 2] ^= 1; // in the payload: only the CRC of its record is wrong
    Files.write(shard, bytes);
    ArrivalRun run =
        ArrivalRun.of(config(Kind.EXAMPLE, 8).onBad(BadSamplePolicy.SKIP).build(), COUNT / 8);
    assertEquals(1, run.bad.size());
    assertTrue(run.bad.getFirst().reason().contains("CRC"), run.bad.toString());
    assertEquals(COUNT - 1, new HashSet<>(run.keys()).size());
    PipelineFailedException failed =
        assertThrows(
            PipelineFailedException.class,
            () -> ArrivalRun.of(config(Kind.EXAMPLE, 8).build(), COUNT / 8));
    assertTrue(String.valueOf(failed.getMessage()).contains("bad sample s-2.any"));
  }

  @Test
  void shardsOfAnotherFormatEndTheRun() throws IOException {
    write(Kind.TAR, WriterOptions.plain());
    try (ShardWriter writer =
        writer(Kind.EXAMPLE, directory.resolve("s-2.any"), WriterOptions.plain())) {
      writer.write("x", List.of(SampleField.of("txt", text(1))));
    }
    PipelineFailedException failed =
        assertThrows(
            PipelineFailedException.class,
            () -> ArrivalRun.of(config(Kind.TAR, 8).build(), COUNT / 8));
    assertTrue(String.valueOf(failed.getMessage()).contains("one format"), failed.getMessage());
  }

  @Test
  void emptyShardsAreNone() throws IOException {
    write(Kind.EXAMPLE, WriterOptions.plain());
    Path empty = directory.resolve("empty.tfrecord");
    Files.write(empty, new byte[0]);
    LoaderConfig config =
        LoaderConfig.builder(List.of(empty.toString(), directory + "/s-{0..2}.any"))
            .memoryBytes(96 << 20)
            .shuffle(Shuffle.ARRIVAL)
            .batchSize(8)
            .build();
    ArrivalRun run = ArrivalRun.of(config, 2 * COUNT / 8);
    assertEquals(COUNT, new HashSet<>(run.keys().subList(0, COUNT)).size());
    assertEquals(COUNT, new HashSet<>(run.keys().subList(COUNT, 2 * COUNT)).size());
  }
}
