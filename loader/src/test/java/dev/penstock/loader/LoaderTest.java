package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.ReadMode;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.End;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LoaderTest {
  private static final int SHARDS = 5;
  private static final int SAMPLES = 60;
  private static final int MEAN_BYTES = 20_000;

  @TempDir static Path directory;

  @BeforeAll
  static void writeShards() throws IOException {
    TestShards.write(directory, SHARDS, SAMPLES, MEAN_BYTES);
  }

  private static LoaderConfig.Builder config() {
    return LoaderConfig.builder(directory + "/train-{000000..000004}.tar")
        .memoryBytes(64 << 20)
        .cpus(2)
        .batchSize(12)
        .seed(7);
  }

  private static List<List<String>> keys(LoaderConfig config) throws IOException {
    List<List<String>> batches = new ArrayList<>();
    try (Loader loader = Loader.open(config)) {
      for (Batch batch : loader) {
        try (batch) {
          List<String> keys = new ArrayList<>();
          for (int row = 0; row < batch.rows(); row++) {
            keys.add(batch.key(row));
          }
          batches.add(keys);
        }
      }
    }
    return batches;
  }

  @ParameterizedTest
  @CsvSource({
    "NONE, true, AUTO",
    "BLOCK, true, AUTO",
    "GLOBAL, true, AUTO",
    "NONE, false, AUTO", // the files are in the page cache: read in place
    "BLOCK, false, AUTO",
    "NONE, false, DIRECT",
    "BLOCK, true, BUFFERED"
  })
  void deliversEachSampleOnceWithItsBytes(Shuffle shuffle, boolean ramTier, ReadMode mode)
      throws IOException {
    TreeSet<String> seen = new TreeSet<>();
    LoaderConfig config =
        config()
            .shuffle(shuffle)
            .ramTier(ramTier)
            .readMode(mode)
            .fields(List.of(FieldSpec.bytes("jpg"), FieldSpec.parse("cls:int")))
            .build();
    try (Loader loader = Loader.open(config)) {
      for (Batch batch : loader) {
        try (batch) {
          for (int row = 0; row < batch.rows(); row++) {
            int number = Integer.parseInt(batch.key(row).substring(1));
            assertTrue(seen.add(batch.key(row)));
            assertEquals(number % 1000, batch.longValue("cls", row));
            assertArrayEquals(
                TestShards.jpg(number, MEAN_BYTES),
                batch.bytes("jpg", row).toArray(ValueLayout.JAVA_BYTE));
          }
        }
      }
      LoaderStats stats = loader.stats();
      assertEquals(SHARDS * SAMPLES, stats.samples());
      assertEquals(SHARDS * SAMPLES / 12, stats.batches());
      assertTrue(stats.verdict().contains("%"), stats.verdict());
    }
    assertEquals(SHARDS * SAMPLES, seen.size());
  }

  @Test
  void storedOrderIsTheShardsOrder() throws IOException {
    List<String> all =
        keys(config().shuffle(Shuffle.NONE).build()).stream().flatMap(List::stream).toList();
    assertEquals(SHARDS * SAMPLES, all.size());
    for (int i = 0; i < all.size(); i++) {
      assertEquals(TestShards.key(i), all.get(i));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 6})
  void stepsHoldTheSameSamplesOnAnyWorldSize(int world) throws IOException {
    List<List<String>> whole = keys(config().build());
    List<List<String>> union = new ArrayList<>();
    for (int rank = 0; rank < world; rank++) {
      List<List<String>> part =
          keys(config().batchSize(12 / world).world(world).rank(rank).build());
      for (int step = 0; step < part.size(); step++) {
        if (rank == 0) {
          union.add(new ArrayList<>());
        }
        union.get(step).addAll(part.get(step));
      }
    }
    assertEquals(whole, union);
  }

  @Test
  void seedsAndEpochsDiffer() throws IOException {
    List<List<String>> two = keys(config().epochs(2).build());
    assertEquals(50, two.size());
    assertNotEquals(two.subList(0, 25), two.subList(25, 50));
    assertNotEquals(two.subList(0, 25), keys(config().seed(8).build()));
    assertEquals(two.subList(0, 25), keys(config().build()));
  }

  @Test
  void goesOnFromEveryCursorOnAnotherWorldSize() throws IOException, InterruptedException {
    List<List<String>> whole = keys(config().build());
    List<Cursor> cursors = new ArrayList<>();
    try (Loader loader = Loader.open(config().build())) {
      for (Batch batch : loader) {
        try (batch) {
          cursors.add(batch.cursor());
        }
      }
    }
    for (int step : new int[] {0, 7, 23, 24}) {
      List<List<String>> rest = keys(config().cursor(cursors.get(step)).build());
      assertEquals(whole.subList(step + 1, whole.size()), rest);
      List<String> left = new ArrayList<>();
      for (int rank = 0; rank < 3; rank++) {
        keys(config().cursor(cursors.get(step)).batchSize(4).world(3).rank(rank).build())
            .forEach(left::addAll);
      }
      assertEquals(
          new HashSet<>(
              whole.subList(step + 1, whole.size()).stream().flatMap(List::stream).toList()),
          new HashSet<>(left));
    }
  }

  @Test
  void padsTheLastStepAndSaysSo() throws IOException {
    int padding = 0;
    int batches = 0;
    try (Loader loader = Loader.open(config().batchSize(64).end(End.PAD).build())) {
      for (Batch batch : loader) {
        try (batch) {
          batches++;
          assertEquals(64, batch.rows());
          for (int row = 0; row < batch.rows(); row++) {
            padding += (batch.flags(row) & BatchSchema.ROW_PADDING) != 0 ? 1 : 0;
          }
        }
      }
    }
    assertEquals(5, batches);
    assertEquals(5 * 64 - SHARDS * SAMPLES, padding);
  }

  @Test
  void closesInTheMiddleWithBatchesHeld() throws IOException, InterruptedException {
    Loader loader = Loader.open(config().epochs(0).build());
    Batch held = loader.next();
    assertNotNull(held);
    loader.close();
    loader.close();
  }

  @Test
  void refusesToBeReadOnceClosed() throws IOException, InterruptedException {
    Loader loader = Loader.open(config().epochs(0).build());
    Batch held = loader.next();
    assertNotNull(held);
    loader.close();
    assertThrows(IllegalStateException.class, loader::next);
  }

  @Test
  void closingWakesWhoWaits() throws IOException, InterruptedException {
    LoaderConfig config = config().epochs(0).slots(2).build();
    Loader loader = Loader.open(config);
    assertNotNull(loader.next());
    assertNotNull(loader.next()); // both slots are held: there will be no third batch
    AtomicReference<Throwable> outcome = new AtomicReference<>();
    Thread reader =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    loader.next();
                  } catch (IllegalStateException | InterruptedException e) {
                    outcome.set(e);
                  }
                });
    loader.close();
    assertTrue(reader.join(Duration.ofSeconds(20)), "still waits");
    assertInstanceOf(IllegalStateException.class, outcome.get());
  }

  @Test
  void endsAfterTheLastBatch() throws IOException, InterruptedException {
    try (Loader loader = Loader.open(config().batchSize(300).memoryBytes(128 << 20).build())) {
      Batch batch = loader.next();
      assertNotNull(batch);
      batch.close();
      assertNull(loader.next());
      assertNull(loader.next());
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThrows(
        IllegalArgumentException.class,
        () -> Loader.open(config().fields(List.of(FieldSpec.bytes("png"))).build()));
    MemoryTooSmallException refused =
        assertThrows(
            MemoryTooSmallException.class,
            () -> Loader.open(config().memoryBytes(32 << 20).batchSize(300).slots(8).build()));
    assertTrue(String.valueOf(refused.getMessage()).contains("--memory " + refused.neededBytes()));
  }
}
