package dev.penstock.benchmarks.jmh;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does gathering a batch out of cached blocks cost? Batches of 64 samples of {@code
 * sampleBytes} over a dataset that the RAM tier holds: plan, look-ahead, leases, the one copy,
 * hand-over; time per batch, with as many gathering threads as there are processors.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class GatherBenchmark {
  private static final int ROWS = 64;
  private static final int SAMPLES = 1000;

  /** Size of a sample. */
  @Param({"4000", "20000", "110000"})
  public int sampleBytes = 4000;

  private @Nullable LoaderState loader;

  /** Makes the data and reads it once. */
  @Setup
  public void open() throws IOException, InterruptedException {
    loader = LoaderState.open(SAMPLES, sampleBytes, ROWS);
  }

  /** Closes the loader and removes the data. */
  @TearDown
  public void close() {
    if (loader != null) {
      loader.close();
    }
  }

  /** The next batch. */
  @Benchmark
  public long next() throws InterruptedException {
    return loader == null ? 0 : loader.next();
  }
}
