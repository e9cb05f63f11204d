package dev.penstock.benchmarks.jmh;

import dev.penstock.benchmarks.data.SampleShards;
import dev.penstock.loader.Batch;
import dev.penstock.loader.Loader;
import dev.penstock.loader.LoaderConfig;
import dev.penstock.sharding.End;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** An endless loader over a small dataset that the RAM tier holds after the first epoch. */
final class LoaderState implements AutoCloseable {
  private static final long MEMORY_BYTES = 256L << 20;

  private final Path directory;
  private final Loader loader;

  private LoaderState(Path directory, Loader loader) {
    this.directory = directory;
    this.loader = loader;
  }

  /** Samples of a size, delivered in batches of some rows; the first epoch is read. */
  static LoaderState open(int samples, int sampleBytes, int rows)
      throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("penstock-jmh-");
    SampleShards.plainTar(samples, sampleBytes, 4, 7).write(directory);
    LoaderConfig config =
        LoaderConfig.builder(List.of(directory.toString()))
            .batchSize(rows)
            .shuffle(Shuffle.BLOCK)
            .epochs(0)
            .end(End.CARRY)
            .memoryBytes(MEMORY_BYTES)
            .build();
    LoaderState state = new LoaderState(directory, Loader.open(config));
    for (int batch = 0; batch <= samples / rows; batch++) {
      state.next();
    }
    return state;
  }

  /** Takes a batch and gives it back. */
  long next() throws InterruptedException {
    Batch batch = loader.next();
    if (batch == null) {
      throw new IllegalStateException("an endless run has ended");
    }
    try (batch) {
      return batch.rows();
    }
  }

  @Override
  public void close() {
    loader.close();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
