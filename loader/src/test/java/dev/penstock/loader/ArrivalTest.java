package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.sharding.ArrivalCursor;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.End;
import dev.penstock.sharding.Position;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The order of arrival, over tar archives that nobody has indexed. */
class ArrivalTest {
  private static final int SHARDS = 5;
  private static final int SAMPLES = 30;
  private static final int COUNT = SHARDS * SAMPLES;
  private static final int MEAN_BYTES = 20_000;

  @TempDir static Path directory;

  /** For indexes that the dataset's own directory must not hold. */
  @TempDir static Path elsewhere;

  @BeforeAll
  static void writeShards() throws IOException {
    TestShards.write(directory, SHARDS, SAMPLES, MEAN_BYTES);
  }

  private static String dataset() {
    return directory + "/train-{000000..000004}.tar";
  }

  private static LoaderConfig.Builder config(int batchSize) {
    return ArrivalRun.config(dataset(), batchSize).seed(7);
  }

  @Test
  void everyPassGivesEverySampleOnceWithItsBytes() throws IOException {
    ArrivalRun run = ArrivalRun.of(config(10).build(), 45);
    List<ArrivalRun.Row> rows = run.rows();
    Set<ArrivalRun.Row> stored = new HashSet<>(stored());
    for (int pass = 0; pass < 3; pass++) {
      List<ArrivalRun.Row> of = rows.subList(pass * COUNT, (pass + 1) * COUNT);
      assertEquals(stored, new HashSet<>(of), "pass " + pass);
      assertNotEquals(of, of.stream().sorted((a, b) -> a.key().compareTo(b.key())).toList());
    }
    assertNotEquals(rows.subList(0, COUNT), rows.subList(COUNT, 2 * COUNT));
    for (int step = 0; step < 45; step++) {
      assertEquals(step, run.steps.get(step).step());
      assertEquals(step * 10 / COUNT, run.steps.get(step).pass());
      assertEquals(step + 1, run.steps.get(step).position().step());
    }
    assertNoIndexes();
  }

  /** All samples as the stored order delivers them, through indexes that are kept elsewhere. */
  private static List<ArrivalRun.Row> stored() throws IOException {
    Path indexes = Files.createTempDirectory(elsewhere, "indexes");
    LoaderConfig config =
        LoaderConfig.builder(dataset())
            .memoryBytes(64 << 20)
            .shuffle(Shuffle.NONE)
            .batchSize(10)
            .indexDirectory(indexes)
            .build();
    List<ArrivalRun.Row> rows = new ArrayList<>();
    try (Loader loader = Loader.open(config)) {
      for (Batch batch : loader) {
        try (batch) {
          rows.addAll(ArrivalRun.step(batch).rows());
        }
      }
    }
    return rows;
  }

  private static void assertNoIndexes() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(SHARDS, files.filter(Files::isRegularFile).count(), "an index was written");
    }
  }

  @Test
  void theOrderDependsOnSeedAndParametersAlone() throws IOException {
    List<String> keys = ArrivalRun.of(config(10).build(), 20).keys();
    assertEquals(keys, ArrivalRun.of(config(10).cpus(1).slots(8).build(), 20).keys());
    assertEquals(keys, ArrivalRun.of(config(20).build(), 10).keys());
    assertEquals(keys, ArrivalRun.of(config(10).ramTier(false).build(), 20).keys());
    List<String> more = ArrivalRun.of(config(10).memoryBytes(256 << 20).build(), 20).keys();
    assertEquals(more, ArrivalRun.of(config(10).memoryBytes(1 << 30).build(), 20).keys());
    assertNotEquals(keys, ArrivalRun.of(config(10).seed(8).build(), 20).keys());
    assertNotEquals(keys, ArrivalRun.of(config(10).lanes(3).build(), 20).keys());
    assertNotEquals(keys, ArrivalRun.of(config(10).window(7).build(), 20).keys());
  }

  @ParameterizedTest
  @CsvSource({"1, 2", "2, 4", "3, 2", "5, 4", "7, 1", "12, 3"})
  void ranksTogetherGiveEverySampleOnceInAPass(int world, int lanes) throws IOException {
    List<List<String>> passes = List.of(new ArrayList<>(), new ArrayList<>());
    for (int rank = 0; rank < world; rank++) {
      LoaderConfig own = config(3).rank(rank).world(world).lanes(lanes).window(11).build();
      ArrivalRun run = ArrivalRun.of(own, 2 * COUNT / 3);
      int from = 0;
      for (int pass = 0; pass < 2; pass++) {
        int count = 0;
        for (int i = 0; i < run.order.shardsOfPass(); i++) {
          count += Math.ceilDiv(SAMPLES - run.order.part(), run.order.parts());
        }
        passes.get(pass).addAll(run.keys().subList(from, from + count));
        from += count;
      }
    }
    for (List<String> pass : passes) {
      assertEquals(COUNT, pass.size());
      assertEquals(COUNT, new HashSet<>(pass).size());
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 0, 4, 16384", "2, 1, 2, 9", "7, 6, 3, 5"})
  void resumesAtEveryStep(int world, int rank, int lanes, int window) throws IOException {
    int steps = 40;
    LoaderConfig.Builder config = config(9).world(world).rank(rank).lanes(lanes).window(window);
    ArrivalRun whole = ArrivalRun.of(config.build(), steps);
    for (int at = 0; at < steps - 1; at++) {
      Position saved = whole.steps.get(at).position();
      int count = Math.min(4, steps - 1 - at);
      ArrivalRun resumed = ArrivalRun.of(config.cursor(saved).build(), count);
      assertEquals(whole.steps.subList(at + 1, at + 1 + count), resumed.steps, "after step " + at);
    }
  }

  @Test
  void theCursorIsSmall() throws IOException {
    ArrivalRun run = ArrivalRun.of(config(9).lanes(4).build(), 12);
    for (ArrivalRun.Step step : run.steps) {
      assertTrue(step.after().length() < 300 + 4 * 130, step.after());
      assertTrue(step.after().startsWith("{\"format\":\"penstock-arrival-1\""), step.after());
      ArrivalCursor cursor = (ArrivalCursor) step.position();
      assertEquals(step.after(), new String(CursorJson.write(cursor), StandardCharsets.UTF_8));
    }
  }

  @Test
  void refusesACursorThatHasLostSomething() throws IOException {
    String whole = ArrivalRun.of(config(9).build(), 1).steps.getFirst().after();
    for (String part : List.of("fingerprint", "step", "open", "place", "object")) {
      String rest = whole.replaceFirst("\"" + part + "\":(\\[.*]|[^,}]*),?", "").replace(",}", "}");
      byte[] cut = rest.getBytes(StandardCharsets.UTF_8);
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> CursorJson.position(cut));
      assertTrue(String.valueOf(refused.getMessage()).contains("'" + part + "'"), rest);
    }
  }

  @Test
  void refusesACursorOfAnythingElse() throws IOException {
    Position saved = ArrivalRun.of(config(9).build(), 3).steps.getLast().position();
    refused(config(9).cursor(saved).seed(8), "seed was 7, is 8");
    refused(config(9).cursor(saved).world(2), "world was 1, is 2");
    refused(config(9).cursor(saved).lanes(2), "lanes was 4, is 2");
    LoaderConfig.Builder fewer =
        ArrivalRun.config(directory + "/train-{000000..000003}.tar", 9).seed(7);
    refused(fewer.cursor(saved), "list of shards was");
    refused(config(9).cursor(saved).orderId("0".repeat(32)), "order id");
  }

  @Test
  void neitherKindOfCursorIsTurnedIntoTheOther() throws IOException {
    Position saved = ArrivalRun.of(config(9).build(), 3).steps.getLast().position();
    refused(config(9).cursor(saved).shuffle(Shuffle.BLOCK), "cursor of the order of arrival");
    Path indexes = Files.createTempDirectory(elsewhere, "indexes");
    LoaderConfig.Builder block = config(9).shuffle(Shuffle.BLOCK).indexDirectory(indexes).epochs(1);
    Cursor planned;
    try (Loader loader = Loader.open(block.build())) {
      planned = (Cursor) loader.sessionPlan().start();
      assertThrows(IllegalArgumentException.class, () -> CursorJson.parse(CursorJson.write(saved)));
    }
    refused(config(9).cursor(planned), "cursor of an order with epochs");
  }

  @Test
  void refusesAShardThatWasReplaced(@TempDir Path own) throws IOException {
    TestShards.write(own, 2, 30, 3000);
    LoaderConfig.Builder config = ArrivalRun.config(own + "/train-{000000..000001}.tar", 9).seed(7);
    Position saved = ArrivalRun.of(config.build(), 2).steps.getLast().position();
    assertEquals(2, ((ArrivalCursor) saved).open().size());
    Path shard = own.resolve("train-000001.tar");
    Files.move(shard, own.resolve("old"));
    Files.copy(own.resolve("old"), shard);
    refused(config.cursor(saved), "train-000001.tar", "it is another");
  }

  @Test
  void refusesWhatNeedsAnIndex() {
    refused(config(9).epochs(2), "--epochs", "never ends");
    refused(config(9).end(End.PAD), "--end");
    refused(config(9).groups(2), "--groups");
    refused(config(9).extentSamples(2), "--extent");
    refused(config(9).skip(1), "--skip");
    refused(config(9).onBad(BadSamplePolicy.REPLACE), "--on-bad");
    refused(config(9).filters(SampleFilter.parseAll(List.of("split:..0.9"))), "--filter");
    refused(config(9).batching(Batching.parse("bucket:jpg")), "--batching");
    refused(config(9).fields(List.of(FieldSpec.bytes("png"))), "'png'", "first 150 samples");
  }

  private static void refused(LoaderConfig.Builder config, String... words) {
    String message =
        String.valueOf(
            assertThrows(
                    IllegalArgumentException.class,
                    () -> ArrivalRun.of(config.build(), 1),
                    () -> List.of(words).toString())
                .getMessage());
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
  }

  @Test
  void theSessionSaysWhatItDoesNotKnow() throws IOException {
    try (Loader loader = Loader.open(config(9).build())) {
      assertTrue(loader.sessionPlan().stepsPerEpoch().isEmpty());
      assertThrows(IllegalStateException.class, loader::plan);
      assertThrows(IllegalStateException.class, () -> loader.sessionPlan().dataset());
      assertTrue(loader.sessionPlan().describe().contains("arrival, seed 7"));
      Batch batch = loader.iterator().next();
      assertThrows(IllegalStateException.class, batch::cursor);
      batch.close();
    }
  }

  @Test
  void whatIsWholeBeforeACutIsDelivered(@TempDir Path own) throws IOException {
    TestShards.write(own, 2, 20, 30_000);
    Path shard = own.resolve("train-000001.tar");
    byte[] bytes = Files.readAllBytes(shard);
    Files.write(shard, Arrays.copyOf(bytes, bytes.length / 2));
    LoaderConfig.Builder config =
        ArrivalRun.config(own + "/train-{000000..000001}.tar", 5).seed(7).window(6);
    ArrivalRun run = ArrivalRun.of(config.onBad(BadSamplePolicy.SKIP).build(), 30);
    assertEquals(1, run.bad.size());
    assertEquals("train-000001.tar", run.bad.getFirst().shard());
    Set<String> pass = new HashSet<>();
    int places = 0;
    for (ArrivalRun.Step step : run.steps) {
      for (String key : step.keys()) {
        if (places >= 0 && !pass.add(key)) {
          places = Integer.MIN_VALUE; // the second pass has begun
        }
      }
      places += step.rows().size() + step.bad();
      assertEquals(5, step.rows().size() + step.bad(), "every batch is full, but for bad places");
    }
    String bad = run.bad.getFirst().key();
    int kept = Integer.parseInt(bad.substring(1)) - 20;
    assertTrue(kept > 0 && kept < 20);
    for (int number = 0; number < 20 + kept; number++) {
      assertTrue(run.keys().contains(TestShards.key(number)), "sample " + number);
    }
    assertFalse(run.keys().contains(bad));

    PipelineFailedException failed =
        assertThrows(
            PipelineFailedException.class,
            () -> ArrivalRun.of(config.onBad(BadSamplePolicy.FAIL).build(), 30));
    assertTrue(String.valueOf(failed.getMessage()).contains(bad), failed.getMessage());
  }

  @Test
  void badBytesAreLeftOutOrEndTheRun(@TempDir Path own) throws IOException {
    TestShards.write(own, 1, 20, 3000);
    Path shard = own.resolve("train-000000.tar");
    byte[] bytes = Files.readAllBytes(shard);
    bytes[156] = 'S'; // a sparse member: the framing breaks at the shard's first byte
    Files.write(shard, bytes);
    assertThrows(
        IOException.class, () -> ArrivalRun.of(ArrivalRun.config(shard.toString(), 4).build(), 1));
  }

  @Test
  void saysWhenThereIsNothingForARank(@TempDir Path own) throws IOException {
    TestShards.write(own, 1, 2, 3000);
    LoaderConfig config = ArrivalRun.config(own + "/train-000000.tar", 4).rank(3).world(4).build();
    PipelineFailedException failed =
        assertThrows(PipelineFailedException.class, () -> ArrivalRun.of(config, 1));
    assertTrue(String.valueOf(failed.getMessage()).contains("no sample for rank 3 of 4"));
    assertTrue(String.valueOf(failed.getMessage()).contains("leave empty shards out"));
  }

  @Test
  void aSmallBudgetHoldsSmallWindows() throws IOException {
    LoaderConfig small = config(10).memoryBytes(32 << 20).build();
    ArrivalRun run = ArrivalRun.of(small, 30);
    assertTrue(run.order.spec().windowBytes() < ArrivalSession.DEFAULT_WINDOW_BYTES);
    assertEquals(COUNT, new HashSet<>(run.keys().subList(0, COUNT)).size());
    MemoryTooSmallException refused =
        assertThrows(
            MemoryTooSmallException.class,
            () -> ArrivalRun.of(config(10).memoryBytes(32 << 20).lanes(200).build(), 1));
    assertTrue(refused.neededBytes() > 32 << 20);
    LoaderConfig enough = config(10).memoryBytes(refused.neededBytes()).lanes(200).build();
    assertEquals(1, ArrivalRun.of(enough, 1).steps.size());
  }

  @Test
  void samplesLargerThanAWindowAreWindowsOfTheirOwn(@TempDir Path own) throws IOException {
    TestShards.write(own, 3, 6, 2_000_000);
    LoaderConfig config =
        ArrivalRun.config(own + "/train-{000000..000002}.tar", 2)
            .memoryBytes(160 << 20)
            .lanes(3)
            .build();
    ArrivalRun run = ArrivalRun.of(config, 18);
    assertEquals(18, new HashSet<>(run.keys().subList(0, 18)).size());
  }
}
