package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.TfRecordFormat;
import dev.penstock.formats.WriterOptions;
import dev.penstock.sharding.Cursor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches by lengths through the Java door: 400 documents of 1 to 200 int32 tokens. */
class BatchingTest {
  private static final int DOCUMENTS = 400;

  @TempDir static Path directory = Path.of("");
  private static final int[] LENGTHS = new SplittableRandom(7).ints(DOCUMENTS, 1, 201).toArray();

  @BeforeAll
  static void writeShards() throws IOException {
    for (int shard = 0; shard < 2; shard++) {
      Path file = directory.resolve(shard + ".tar");
      try (ShardWriter writer = ShardWriter.webDataset(file, WriterOptions.plain())) {
        for (int i = 0; i < DOCUMENTS / 2; i++) {
          int number = shard * DOCUMENTS / 2 + i;
          byte[] ids = tokens(number);
          if (number == 50) {
            ids = Arrays.copyOf(ids, ids.length + 3); // no whole number of tokens
          }
          writer.write(
              "d" + number,
              List.of(SampleField.of("ids", ids), SampleField.of("npy", npy(number))));
        }
      }
    }
  }

  private static byte[] tokens(int number) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * LENGTHS[number]).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < LENGTHS[number]; i++) {
      bytes.putInt(number * 1000 + i);
    }
    return bytes.array();
  }

  private static byte[] npy(int number) {
    String header =
        "{'descr': '<i4', 'fortran_order': False, 'shape': (%d,), }".formatted(LENGTHS[number]);
    byte[] text =
        (header + " ".repeat(117 - header.length()) + "\n").getBytes(StandardCharsets.US_ASCII);
    ByteBuffer bytes = ByteBuffer.allocate(10 + text.length + 4 * LENGTHS[number]);
    bytes.order(ByteOrder.LITTLE_ENDIAN).put((byte) 0x93);
    bytes.put("NUMPY".getBytes(StandardCharsets.US_ASCII)).put((byte) 1).put((byte) 0);
    bytes.putShort((short) text.length).put(text).put(tokens(number));
    return bytes.array();
  }

  private static LoaderConfig.Builder config(String rule, String... fields) {
    return LoaderConfig.builder(directory.toString())
        .memoryBytes(64 << 20)
        .cpus(2)
        .batchSize(4)
        .seed(3)
        .batching(Batching.parse(rule))
        .onBad(BadSamplePolicy.SKIP)
        .fields(Arrays.stream(fields).map(FieldSpec::parse).toList());
  }

  private static List<String> rows(LoaderConfig config) throws IOException {
    List<String> rows = new ArrayList<>();
    try (Loader loader = Loader.open(config)) {
      for (Batch batch : loader) {
        try (batch) {
          for (int row = 0; row < batch.rows(); row++) {
            rows.add(batch.step() + " " + batch.pack(row) + " " + batch.key(row));
          }
        }
      }
    }
    return rows;
  }

  @ParameterizedTest
  @ValueSource(strings = {"ids", "npy"})
  void packsHoldWholeDocumentsWithinTheBudget(String field) throws IOException {
    Set<String> seen = new HashSet<>();
    long tokens = 0;
    long budget = 0;
    try (Loader loader =
        Loader.open(config("best-fit:" + field + ":512", field + ":i32[]").build())) {
      for (Batch batch : loader) {
        try (batch) {
          int[] packs = new int[4];
          for (int row = 0; row < batch.rows(); row++) {
            int number = Integer.parseInt(batch.key(row).substring(1));
            assertArrayEquals(
                tokens(number), batch.value(field, row).toArray(ValueLayout.JAVA_BYTE));
            assertTrue(row == 0 || batch.pack(row) >= batch.pack(row - 1), "pack by pack");
            packs[batch.pack(row)] += LENGTHS[number];
            seen.add(batch.key(row));
          }
          for (int pack : packs) {
            assertTrue(pack <= 512);
            tokens += pack;
            budget += 512;
          }
        }
      }
      assertEquals(field.equals("ids") ? 1 : 0, loader.badSamples().size());
    }
    assertEquals(field.equals("ids") ? DOCUMENTS - 1 : DOCUMENTS, seen.size());
    assertTrue(tokens > 0.93 * budget, tokens + " of " + budget);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "first-fit:ids:300,group=96",
        "first-fit:ids:60,group=96,longer=split",
        "best-fit:ids:60,longer=drop,group=96",
        "bucket:ids,group=64",
        "tokens:ids:2000,group=80"
      })
  void everyCursorGoesOnExactly(String rule) throws IOException {
    LoaderConfig.Builder config = config(rule, "ids:i32[]").epochs(2);
    List<String> whole = rows(config.build());
    List<Cursor> cursors = new ArrayList<>();
    try (Loader loader = Loader.open(config.build())) {
      for (Batch batch : loader) {
        try (batch) {
          cursors.add(batch.cursor());
        }
      }
    }
    for (int step = 2; step < cursors.size(); step += 17) {
      Cursor at = CursorJson.parse(CursorJson.write(cursors.get(step)));
      int next = step + 1;
      assertEquals(
          whole.stream()
              .filter(row -> Long.parseLong(row.substring(0, row.indexOf(' '))) >= next)
              .toList(),
          rows(config.cursor(at).build()),
          "after step " + step);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "first-fit:npy:64,group=400,longer=split",
        "best-fit:npy:64,longer=split,group=400"
      })
  void longDocumentsComeInPiecesWithEachTokenOnce(String rule) throws IOException {
    Map<Integer, int[]> seen = new HashMap<>();
    long tokens = 0;
    long budget = 0;
    int lastRows = 0;
    // The other token field is cut at the same places.
    try (Loader loader = Loader.open(config(rule, "npy:i32[]", "ids:i32[]").build())) {
      for (Batch batch : loader) {
        try (batch) {
          int[] packs = new int[4];
          for (int row = 0; row < batch.rows(); row++) {
            int number = Integer.parseInt(batch.key(row).substring(1));
            int start = batch.start(row);
            assertEquals(0, start % 64);
            int[] piece = batch.value("npy", row).toArray(SlotLayout.INT);
            assertArrayEquals(piece, batch.value("ids", row).toArray(SlotLayout.INT));
            assertEquals(Math.min(64, LENGTHS[number] - start), piece.length);
            int[] of = seen.computeIfAbsent(number, n -> new int[LENGTHS[n]]);
            for (int i = 0; i < piece.length; i++) {
              assertEquals(number * 1000 + start + i, piece[i]);
              of[start + i]++;
            }
            packs[batch.pack(row)] += piece.length;
          }
          lastRows = batch.rows();
          for (int pack : packs) {
            assertTrue(pack <= 64);
            tokens += pack;
            budget += 64;
          }
        }
      }
      assertEquals(1, loader.badSamples().size(), "listed once, however many pieces it has");
    }
    assertEquals(DOCUMENTS - 1, seen.size()); // one has a field that is no whole number of tokens
    // The last step may begin the next epoch's packs.
    int most = lastRows;
    seen.forEach((number, of) -> assertTrue(Arrays.stream(of).allMatch(n -> n >= 1), "" + number));
    assertTrue(
        seen.values().stream().filter(of -> Arrays.stream(of).anyMatch(n -> n > 1)).count()
            <= most);
    assertTrue(tokens > 0.9 * budget, tokens + " of " + budget);
  }

  @Test
  void longDocumentsAreDroppedOrRefusedWhereAsked() throws IOException {
    Set<String> expected = new HashSet<>();
    for (int number = 0; number < DOCUMENTS; number++) {
      if (LENGTHS[number] <= 100) {
        expected.add("d" + number);
      }
    }
    Set<String> kept = new HashSet<>();
    for (String row : rows(config("first-fit:npy:100,longer=drop", "npy:i32[]").build())) {
      kept.add(row.substring(row.lastIndexOf(' ') + 1));
    }
    assertEquals(expected, kept);
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> Loader.open(config("first-fit:npy:100,longer=refuse", "npy:i32[]").build()));
    String why = String.valueOf(refused.getMessage());
    assertTrue(why.matches("[01]\\.tar: sample 'd\\d+' at \\d+ has \\d+ tokens.*"), why);
    for (String wrong : List.of("bucket:ids,longer=split", "first-fit:ids:9,longer=cut")) {
      assertThrows(IllegalArgumentException.class, () -> Batching.parse(wrong), wrong);
    }
  }

  @Test
  void refusesLengthsThatNoIndexKnows(@TempDir Path temporary) throws IOException {
    Path file = temporary.resolve("x.tfrecord");
    try (ShardWriter writer =
        ShardWriter.tfRecord(file, TfRecordFormat.example(), WriterOptions.plain())) {
      writer.write("x", List.of(SampleField.of("ids", new byte[8])));
    }
    LoaderConfig config =
        LoaderConfig.builder(file.toString())
            .memoryBytes(64 << 20)
            .batching(Batching.parse("bucket:ids"))
            .fields(List.of(FieldSpec.parse("ids:i32[]")))
            .build();
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> Loader.open(config));
    assertTrue(String.valueOf(refused.getMessage()).contains("say nothing of fields"));
    for (String wrong : List.of("ids", "bucket", "bucket:ids:9", "tokens:ids:x", "tokens:ids:0")) {
      assertThrows(IllegalArgumentException.class, () -> Batching.parse(wrong), wrong);
    }
  }
}
