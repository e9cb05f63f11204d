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
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The production path in this process: file to slot, every batch given back at once. One loader
 * runs through all rounds, as it runs through all epochs of a training; between rounds it waits
 * with full slots. Processor time is that of the whole process, its compiler and collector
 * included.
 */
final class PenstockRead implements Contender {
  /** What a pipeline at rest has read ahead at most is consumed before a round begins to count. */
  private static final int RUN_IN_BUDGETS = 2;

  private final LoaderConfig config;
  private final long fileBytes;
  private final int passes;
  private @Nullable Loader loader;
  private @Nullable Iterator<Batch> batches;

  PenstockRead(
      List<Path> shards,
      long fileBytes,
      int passes,
      EngineConfig engine,
      ReadMode mode,
      int batchSize) {
    this.fileBytes = fileBytes;
    this.passes = passes;
    this.config =
        LoaderConfig.builder(shards.stream().map(Path::toString).toList())
            .engine(engine)
            .readMode(mode)
            .ramTier(false)
            .batchSize(batchSize)
            .shuffle(Shuffle.NONE)
            .end(End.PAD)
            .epochs(0)
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
    return config.slots() * opened().sessionPlan().slotBytes();
  }

  /**
   * Counts whole passes, from one moment of steady flow to another: what was read ahead before the
   * first is as much as what is read ahead after the last.
   */
  @Override
  public Measured round() throws IOException {
    Loader running = opened();
    long steps = running.sessionPlan().order().stepsPerEpoch();
    long batchBytes = Math.max(1, fileBytes / steps);
    consume(Math.ceilDiv(RUN_IN_BUDGETS * config.engine().memoryBytes(), batchBytes));
    long began = System.nanoTime();
    long cpuBegan = cpuNanos();
    long samples = consume(steps * passes);
    double seconds = (System.nanoTime() - began) / 1e9;
    double cpuSeconds = (cpuNanos() - cpuBegan) / 1e9;
    return new Measured(fileBytes * passes, samples, seconds, cpuSeconds);
  }

  private Loader opened() throws IOException {
    Loader running = loader;
    if (running == null) {
      running = Loader.open(config);
      loader = running;
    }
    return running;
  }

  /** Takes so many batches; returns their rows. */
  private long consume(long count) throws IOException {
    Iterator<Batch> from = batches;
    if (from == null) {
      from = opened().iterator();
      batches = from;
    }
    long samples = 0;
    for (long i = 0; i < count; i++) {
      try (Batch batch = from.next()) {
        samples += batch.rows();
      }
    }
    return samples;
  }

  private static long cpuNanos() {
    return ProcessHandle.current().info().totalCpuDuration().map(Duration::toNanos).orElse(0L);
  }

  @Override
  public void close() {
    if (loader != null) {
      loader.close();
      loader = null;
    }
  }
}
