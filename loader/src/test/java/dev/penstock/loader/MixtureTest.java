package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.NextUse;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.TfRecordFormat;
import dev.penstock.formats.WriterOptions;
import dev.penstock.loader.metrics.PipelineMetrics;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.MixturePlan;
import dev.penstock.sharding.RankView;
import dev.penstock.sharding.StepSamples;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mixtures through the Java door. Every tenth label of source b is no number. */
class MixtureTest {
  private static final int SAMPLES = 90;

  @TempDir Path directory;

  @BeforeEach
  void writeShards() throws IOException {
    for (String name : List.of("a", "b")) {
      for (int shard = 0; shard < 3; shard++) {
        Path file = Files.createDirectories(directory.resolve(name)).resolve(shard + ".tar");
        try (ShardWriter writer = ShardWriter.webDataset(file, WriterOptions.plain())) {
          for (int i = 0; i < SAMPLES / 3; i++) {
            int number = shard * SAMPLES / 3 + i;
            String label = name.equals("b") && number % 10 == 3 ? "cat" : Integer.toString(number);
            writer.write(
                name + number,
                List.of(SampleField.of("cls", label.getBytes(StandardCharsets.UTF_8))));
          }
        }
      }
    }
  }

  private LoaderConfig.Builder config(double weightOfA) {
    DataSource a = new DataSource("first", List.of(directory + "/a"), weightOfA, 0, List.of());
    DataGroup rest = new DataGroup(1, List.of(DataSource.of(directory + "/b", 2), a.withWeight(1)));
    return LoaderConfig.mixture(List.of(a, rest))
        .memoryBytes(64 << 20)
        .cpus(2)
        .batchSize(12)
        .seed(5)
        .fields(List.of(FieldSpec.parse("cls:int")))
        .onBad(BadSamplePolicy.REPLACE);
  }

  private static List<String> keys(LoaderConfig config) throws IOException {
    List<String> keys = new ArrayList<>();
    try (Loader loader = Loader.open(config)) {
      for (Batch batch : loader) {
        try (batch) {
          for (int row = 0; row < batch.rows(); row++) {
            keys.add(batch.key(row) + " " + batch.source(row) + " " + batch.flags(row));
          }
        }
      }
    }
    return keys;
  }

  @Test
  void nestedSourcesAreFlattenedAndCounted() throws IOException {
    try (Loader loader = Loader.open(config(1).epochs(2).build());
        PipelineMetrics metrics = new PipelineMetrics(loader.engine());
        PipelineMetrics.Registration _ = metrics.add("s1", loader.session())) {
      assertEquals(List.of("first", "b", "first#2"), loader.sessionPlan().sourceNames());
      int[] counts = new int[3];
      for (Batch batch : loader) {
        try (batch) {
          for (int row = 0; row < batch.rows(); row++) {
            counts[batch.source(row)]++;
          }
        }
      }
      long rows = 2 * (3 * SAMPLES / 12) * 12;
      assertEquals(rows, counts[0] + counts[1] + counts[2]);
      assertEquals(rows / 2.0, counts[0], 12);
      assertEquals(rows / 3.0, counts[1], 12);
      for (int i = 0; i < 3; i++) {
        assertEquals(counts[i], loader.stats().sources().get(i).samples());
      }
      String line =
          "penstock_source_samples_total{rank=\"0\",session=\"s1\",source=\"b\"} "
              + (double) counts[1];
      assertTrue(metrics.scrape().contains(line), metrics.scrape());
      assertTrue(loader.stats().badSamples() > 0);
    }
  }

  @Test
  void badSamplesAreTheSameAfterAResume() throws IOException {
    List<String> whole = keys(config(1).epochs(3).build());
    assertTrue(whole.stream().anyMatch(row -> row.endsWith(" 1 2")), "some stand in");
    assertTrue(whole.stream().noneMatch(row -> row.endsWith(" 0 2")), "for their own source");
    List<Cursor> cursors = new ArrayList<>();
    try (Loader loader = Loader.open(config(1).epochs(3).build())) {
      for (Batch batch : loader) {
        try (batch) {
          cursors.add(batch.cursor());
        }
      }
    }
    for (int step : new int[] {0, 6, 40}) {
      LoaderConfig resumed = config(1).epochs(3).cursor(cursors.get(step)).build();
      assertEquals(whole.subList(12 * (step + 1), whole.size()), keys(resumed), "step " + step);
    }
  }

  @Test
  void nextUseKnowsTheEpochsOfEachSource() throws IOException {
    LoaderConfig config = config(1).epochs(0).build();
    try (Engine engine = Engine.open(config.engine())) {
      PlannedSession plan = (PlannedSession) engine.plan(config.session());
      MixturePlan order = (MixturePlan) plan.order();
      NextUse use = plan.nextUse();
      RankView all = order.rank(0, 1);
      StepSamples rows = new StepSamples();
      Cursor at = plan.start();
      long epochs = 0;
      int later = 0;
      for (int step = 0; step < 60; step++) {
        plan.position(at, 0);
        epochs = order.epochOf(0, at.index()) + order.epochOf(1, at.index());
        epochs += order.epochOf(2, at.index());
        assertEquals(epochs, use.position() / use.epochLength(), "turns with each source");
        for (int shard = 0; shard < plan.dataset().shardCount(); shard++) {
          long next = use.after(shard, 0, 1 << 20);
          long row = next % use.epochLength();
          int source = plan.dataset().partOf(shard);
          assertTrue(row > at.index(), "after the present");
          all.fill(order.after(order.start(), row / 12), rows);
          boolean found = false;
          for (int i = 0; i < rows.count(); i++) {
            found |= plan.shard(rows.source(i), rows.shard(i)) == shard;
          }
          assertTrue(found, "shard " + shard + " is read at row " + row);
          boolean isLater = next / use.epochLength() > epochs;
          later += isLater ? 1 : 0;
          assertEquals(order.epochOf(source, row) > order.epochOf(source, at.index()), isLater);
        }
        at = order.after(at, 1);
      }
      assertTrue(epochs > 2 && later > 0);
    }
  }

  @Test
  void aLongScheduleOfWeightsFitsTheSlots() throws IOException {
    Optional<Cursor> at = Optional.empty();
    for (int change = 0; change < 60; change++) {
      LoaderConfig.Builder config = config(1 + change % 5).epochs(0);
      at.ifPresent(config::cursor);
      try (Loader loader = Loader.open(config.build());
          Batch batch = loader.iterator().next()) {
        at = Optional.of(batch.cursor());
        assertEquals(change + 1, batch.cursor().step());
      }
    }
    assertEquals(60, at.orElseThrow().schedule().size());
    assertTrue(CursorJson.write(at.orElseThrow()).length > 4096);
  }

  @Test
  void formatsAreNotMixed() throws IOException {
    Path file = directory.resolve("c.tfrecord");
    try (ShardWriter writer =
        ShardWriter.tfRecord(file, TfRecordFormat.example(), WriterOptions.plain())) {
      writer.write("x", List.of(SampleField.of("cls", new byte[1])));
    }
    LoaderConfig config =
        LoaderConfig.mixture(
                List.of(DataSource.of(directory + "/a", 1), DataSource.of(file.toString(), 1)))
            .memoryBytes(64 << 20)
            .build();
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> Loader.open(config));
    assertTrue(String.valueOf(refused.getMessage()).contains("one format"), refused.toString());
  }
}
