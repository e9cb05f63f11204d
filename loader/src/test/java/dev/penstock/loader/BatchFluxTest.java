package dev.penstock.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.test.StepVerifier;

class BatchFluxTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir static Path directory;

  @BeforeAll
  static void writeShards() throws IOException {
    TestShards.write(directory, 2, 30, 1000);
  }

  private static Loader open() throws IOException {
    return Loader.open(
        LoaderConfig.builder(directory + "/train-00000{0,1}.tar")
            .memoryBytes(64 << 20)
            .batchSize(10)
            .build());
  }

  @Test
  void deliversAllBatchesAndCompletes() throws IOException {
    List<Integer> rows = new ArrayList<>();
    try (Loader loader = open()) {
      loader
          .flux()
          .doOnNext(
              batch -> {
                try (batch) {
                  rows.add(batch.rows());
                }
              })
          .blockLast(PATIENCE);
    }
    assertEquals(List.of(10, 10, 10, 10, 10, 10), rows);
  }

  @Test
  void takesOnlyWhatIsAskedFor() throws IOException {
    try (Loader loader = open()) {
      StepVerifier.create(loader.flux(), 0)
          .expectSubscription()
          .thenRequest(2)
          .consumeNextWith(Batch::close)
          .consumeNextWith(Batch::close)
          .thenRequest(Long.MAX_VALUE)
          .thenConsumeWhile(
              batch -> {
                batch.close();
                return true;
              })
          .expectComplete()
          .verify(PATIENCE);
    }
  }

  @Test
  void cancelKeepsNothing() throws IOException {
    Loader loader = open();
    StepVerifier.create(loader.flux(), 1)
        .consumeNextWith(Batch::close)
        .thenCancel()
        .verify(PATIENCE);
    loader.close();
  }

  @Test
  void isForOneReader() throws IOException {
    try (Loader loader = open()) {
      loader.flux();
      assertThrows(IllegalStateException.class, loader::iterator);
    }
  }

  @Test
  void failuresArriveAsErrors() throws IOException {
    Path broken = Files.createDirectory(directory.resolve("broken"));
    TestShards.write(broken, 1, 30, 1000);
    LoaderConfig config =
        LoaderConfig.builder(broken.toString())
            .memoryBytes(64 << 20)
            .batchSize(10)
            .fields(List.of(FieldSpec.parse("jpg:f32[7]")))
            .build();
    try (Loader loader = Loader.open(config)) {
      StepVerifier.create(loader.flux())
          .expectErrorSatisfies(
              error -> {
                assertTrue(error instanceof PipelineFailedException, String.valueOf(error));
                assertTrue(String.valueOf(error.getMessage()).contains("jpg"));
              })
          .verify(PATIENCE);
    }
  }
}
