package dev.penstock.benchmarks.pipeline;

import dev.penstock.bridge.ReadMode;
import dev.penstock.loader.Batch;
import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.Loader;
import dev.penstock.loader.LoaderConfig;
import dev.penstock.sharding.End;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The production path in this process: file to slot, every batch given back at once. Processor time
 * is that of the whole process, its compiler and collector included.
 */
final class PenstockRead implements Contender {
  private final LoaderConfig config;
  private final long bytes;

  PenstockRead(
      List<Path> shards,
      long fileBytes,
      int passes,
      EngineConfig engine,
      ReadMode mode,
      int batchSize) {
    this.bytes = fileBytes * passes;
    this.config =
        LoaderConfig.builder(shards.stream().map(Path::toString).toList())
            .engine(engine)
            .readMode(mode)
            .ramTier(false)
            .batchSize(batchSize)
            .shuffle(Shuffle.NONE)
            .end(End.PAD)
            .epochs(passes)
            .build();
  }

  @Override
  public String name() {
    return "penstock";
  }

  @Override
  public Optional<String> missing() {
    return Optional.empty();
  }

  /**
   * The compiler needs some 15 GiB to be done with the hot paths where it shares two cores; a
   * trainer's data plane runs for days.
   */
  @Override
  public int warmUpRounds() {
    return 4;
  }

  /** Bytes of the ring that a round fills; the C loop's ring is as large. */
  long ringBytes() throws IOException {
    try (Loader loader = Loader.open(config)) {
      return config.slots() * loader.sessionPlan().slotBytes();
    }
  }

  @Override
  public Measured round() throws IOException {
    long samples = 0;
    try (Loader loader = Loader.open(config)) {
      // Memory is there and pages are present, as in the C loop's ring; the first reads have just
      // been asked for.
      long began = System.nanoTime();
      long cpuBegan = cpuNanos();
      for (Batch batch : loader) {
        samples += batch.rows();
        batch.close();
      }
      double seconds = (System.nanoTime() - began) / 1e9;
      return new Measured(bytes, samples, seconds, (cpuNanos() - cpuBegan) / 1e9);
    }
  }

  private static long cpuNanos() {
    return ProcessHandle.current().info().totalCpuDuration().map(Duration::toNanos).orElse(0L);
  }
}
