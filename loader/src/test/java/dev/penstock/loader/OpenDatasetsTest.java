package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A dataset is opened once for all who ask, and nobody waits for another dataset. */
class OpenDatasetsTest {
  @TempDir Path directory;

  private Dataset open(Engine engine, String name) throws IOException {
    Path file = directory.resolve(name + ".tar");
    if (!Files.exists(file)) {
      try (ShardWriter writer = ShardWriter.webDataset(file, WriterOptions.plain())) {
        writer.write("k", List.of(SampleField.of("bin", new byte[10])));
      }
    }
    return engine.dataset(List.of(file.toString()), false);
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Test
  void isKeptAndLookedAtAgain() throws IOException {
    try (Engine engine = Engine.open(EngineConfig.embedded().withMemoryBytes(64 << 20))) {
      Dataset first = open(engine, "a");
      assertSame(first, open(engine, "a"));
      Files.delete(directory.resolve("a.tar"));
      assertNotSame(first, open(engine, "a"));
    }
  }

  @Test
  void othersDoNotWait() throws Exception {
    OpenDatasets datasets = new OpenDatasets();
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (Engine engine = Engine.open(EngineConfig.embedded().withMemoryBytes(64 << 20))) {
      Dataset one = open(engine, "a");
      Dataset other = open(engine, "b");
      Future<Dataset> slow =
          threads.submit(
              () ->
                  datasets.open(
                      List.of("a"),
                      false,
                      known -> {
                        assertNull(known);
                        begun.countDown();
                        assertTrue(await(go));
                        return one;
                      }));
      begun.await();
      Future<Dataset> same =
          threads.submit(
              () ->
                  datasets.open(
                      List.of("a"),
                      false,
                      known -> {
                        assertSame(one, known); // opened by the first, for both
                        return one;
                      }));
      assertSame(other, datasets.open(List.of("b"), false, known -> other));
      go.countDown();
      assertSame(one, slow.get());
      assertSame(one, same.get());
    } finally {
      threads.shutdownNow();
    }
  }
}
