package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.origin.MemoryOrigin;
import dev.penstock.cache.origin.Origin;
import dev.penstock.formats.Codec;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said of the first batch, beside what is counted at the origin until it is there. */
class FirstBatchTest {
  private static final int SHARDS = 6;
  private static final int SAMPLES_EACH = 60;
  private static final int BLOCK = 16 << 10;

  @TempDir Path directory = Path.of("");

  private byte[][] shards(WriterOptions options) throws IOException {
    byte[][] shards = new byte[SHARDS][];
    Random random = new Random(4);
    for (int shard = 0; shard < SHARDS; shard++) {
      Path file = directory.resolve("x.tar");
      try (ShardWriter writer = ShardWriter.webDataset(file, options)) {
        for (int i = 0; i < SAMPLES_EACH; i++) {
          byte[] bytes = new byte[20_000 + random.nextInt(40_000)];
          random.nextBytes(bytes);
          int number = shard * SAMPLES_EACH + i;
          writer.write(TestShards.key(number), List.of(SampleField.of("bin", bytes)));
        }
      }
      shards[shard] = Files.readAllBytes(file);
    }
    return shards;
  }

  private LoaderConfig.Builder config(Shuffle shuffle, int world) {
    EngineConfig engine =
        EngineConfig.embedded()
            .withMemoryBytes(64 << 20)
            .withBlockBytes(BLOCK)
            .withCpus(1)
            .withReadMode(ReadMode.BUFFERED)
            .withIndexDirectory(Optional.of(directory.resolve("indexes")));
    return LoaderConfig.builder("mem://d/{0..5}.tar")
        .engine(engine)
        .batchSize(48 / world)
        .world(world)
        .rank(world - 1)
        .shuffle(shuffle)
        .seed(3)
        .epochs(1);
  }

  private static Origin filled(Origin files, MemoryOrigin origin, byte[][] shards) {
    if (!files.handles("/a")) {
      return files;
    }
    files.close();
    for (int shard = 0; shard < SHARDS; shard++) {
      origin.put("d/" + shard + ".tar", shards[shard]);
    }
    return origin;
  }

  /** The prediction for the run's last step, and what is counted while nothing else is read. */
  private record Compared(FirstBatch predicted, long bytes, long requests) {}

  private Compared compare(byte[][] shards, Shuffle shuffle, int world) throws IOException {
    LoaderConfig all = config(shuffle, world).build();
    MemoryOrigin planned = MemoryOrigin.remote();
    FirstBatch predicted;
    LoaderConfig last;
    try (Engine engine = Engine.open(all.engine(), o -> filled(o, planned, shards))) {
      PlannedSession whole = (PlannedSession) engine.plan(all.session());
      long steps = whole.order().stepsPerEpoch();
      last = config(shuffle, world).cursor(whole.order().after(whole.start(), steps - 1)).build();
      predicted = engine.firstBatch((PlannedSession) engine.plan(last.session()));
    }
    MemoryOrigin counted = MemoryOrigin.remote();
    try (Loader loader =
        Loader.open(last, Engine.open(last.engine(), o -> filled(o, counted, shards)))) {
      int batches = 0;
      for (Batch batch : loader) {
        try (batch) {
          assertEquals(predicted.rows(), batch.rows());
          batches++;
        }
      }
      assertEquals(1, batches);
      long bytes =
          IntStream.range(0, SHARDS).mapToLong(i -> counted.bytesRead("d/" + i + ".tar")).sum();
      return new Compared(predicted, bytes, counted.requests());
    }
  }

  @ParameterizedTest
  @CsvSource({"BLOCK, 1", "BLOCK, 4", "GLOBAL, 1", "GLOBAL, 3", "NONE, 1", "NONE, 2"})
  void plainShardsAreReadAsPredictedToTheByte(Shuffle shuffle, int world) throws IOException {
    Compared found = compare(shards(WriterOptions.plain()), shuffle, world);
    FirstBatch predicted = found.predicted();
    assertEquals(48 / world, predicted.rows());
    assertEquals(found.bytes(), predicted.bytes());
    assertEquals(found.requests(), predicted.requests());
    assertEquals(0, predicted.decodedBytes());
  }

  @ParameterizedTest
  @CsvSource({"ZSTD, 0", "GZIP, 0", "ZSTD, 262144"})
  void compressedShardsAreReadAboutAsPredicted(Codec codec, long frame) throws IOException {
    WriterOptions closed = WriterOptions.compressed(codec);
    byte[][] shards = shards(frame == 0 ? closed : new WriterOptions(codec, closed.level(), frame));
    Compared found = compare(shards, Shuffle.BLOCK, 2);
    FirstBatch predicted = found.predicted();
    assertTrue(predicted.decodedBytes() > predicted.unwantedBytes());
    if (frame == 0) {
      assertTrue(predicted.unwantedBytes() > predicted.decodedBytes() / 4, predicted.toString());
    } else {
      // A sample may begin anywhere in its frame, and frames end with a sample.
      long most = predicted.rows() * (2 * frame + 70_000);
      assertTrue(predicted.unwantedBytes() < most, predicted.toString());
      assertTrue(predicted.unwantedBytes() > 0, predicted.toString());
    }
    // A decoder that has passed a sample by the time that it is asked for enters again: at worst
    // each row does, which is a matter of timing.
    double ratio = (double) found.bytes() / predicted.bytes();
    System.out.printf("%s, frames of %d: %.2f times the predicted bytes%n", codec, frame, ratio);
    assertTrue(ratio > 0.9 && ratio < 4, found.toString());
  }

  @Test
  void secondsFollowFromTheDescribedStoreAlone() {
    FirstBatch batch = new FirstBatch(64, 10, 200_000_000, 130, 0, 0);
    assertEquals(2, batch.seconds(100e6, 0, 64), 1e-9);
    assertEquals(2 + 0.05 * 3, batch.seconds(100e6, 0.05, 64), 1e-9);
  }

  @Test
  void aRunThatHasEndedNeedsNothing() throws IOException {
    byte[][] shards = shards(WriterOptions.plain());
    LoaderConfig config = config(Shuffle.BLOCK, 1).build();
    MemoryOrigin origin = MemoryOrigin.remote();
    try (Engine engine = Engine.open(config.engine(), o -> filled(o, origin, shards))) {
      PlannedSession whole = (PlannedSession) engine.plan(config.session());
      LoaderConfig after =
          config(Shuffle.BLOCK, 1)
              .cursor(whole.order().after(whole.start(), whole.order().stepsPerEpoch()))
              .build();
      assertEquals(
          new FirstBatch(0, 0, 0, 0, 0, 0),
          engine.firstBatch((PlannedSession) engine.plan(after.session())));
    }
  }
}
