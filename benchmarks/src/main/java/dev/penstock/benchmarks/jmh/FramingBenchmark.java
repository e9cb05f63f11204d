package dev.penstock.benchmarks.jmh;

import dev.penstock.benchmarks.data.SampleShards;
import dev.penstock.formats.ByteRun;
import dev.penstock.formats.Codec;
import dev.penstock.formats.IndexOptions;
import dev.penstock.formats.RecordFormat;
import dev.penstock.formats.RecordKind;
import dev.penstock.formats.RecordScanner;
import dev.penstock.formats.SampleParser;
import dev.penstock.formats.SampleView;
import dev.penstock.formats.ShardIndex;
import dev.penstock.formats.TfRecordFormat;
import dev.penstock.formats.WebDatasetFormat;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does finding a sample's fields cost? A shard of 1,000 samples of 4,000 bytes in memory;
 * {@code scan} reads headers only, as building an index does, {@code parse} checks each sample as a
 * run does (for TFRecord with its CRC over the data); time per sample.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FramingBenchmark {
  private static final int SAMPLES = 1000;
  private static final int SAMPLE_BYTES = 4000;

  /** Format of the shard. */
  @Param({"WEBDATASET", "TFRECORD_EXAMPLE"})
  public RecordKind kind = RecordKind.WEBDATASET;

  private final Arena arena = Arena.ofShared();
  private final ByteRun run = new ByteRun();
  private final SampleView view = new SampleView();
  private MemorySegment bytes = MemorySegment.NULL;
  private MemorySource source = new MemorySource(bytes);
  private RecordFormat format = WebDatasetFormat.instance();
  private SampleParser parser = format.parser();
  private long[] offsets = {};
  private long[] lengths = {};

  /** Writes the shard and reads it into memory. */
  @Setup
  public void makeShard() throws IOException {
    Path directory = Files.createTempDirectory("penstock-jmh-");
    SampleShards shards = new SampleShards(SAMPLES, SAMPLE_BYTES, 1, 7, kind, Codec.NONE, 0, 100);
    shards.write(directory);
    Path shard = directory.resolve(shards.name(0));
    try (FileChannel channel = FileChannel.open(shard)) {
      MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      bytes = arena.allocate(file.byteSize(), 4096).copyFrom(file);
    }
    Files.delete(shard);
    Files.delete(directory);
    format = kind == RecordKind.WEBDATASET ? WebDatasetFormat.instance() : TfRecordFormat.example();
    parser = format.parser();
    source = new MemorySource(bytes);
    ShardIndex index = ShardIndex.scan(source, Codec.NONE, IndexOptions.of(format));
    offsets = new long[SAMPLES];
    lengths = new long[SAMPLES];
    for (int sample = 0; sample < SAMPLES; sample++) {
      offsets[sample] = index.sampleOffset(sample);
      lengths[sample] = index.sampleBytes(sample);
    }
  }

  /** Frees the shard. */
  @TearDown
  public void close() {
    arena.close();
  }

  /** Headers only. */
  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public long scan() throws IOException {
    long sum = 0;
    try (RecordScanner scanner = format.scan(source)) {
      while (scanner.next()) {
        sum += scanner.sampleBytes();
      }
    }
    return sum;
  }

  /** Each sample, verified. */
  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public long parse() throws IOException {
    long sum = 0;
    for (int sample = 0; sample < SAMPLES; sample++) {
      run.clear();
      run.append(bytes, offsets[sample], lengths[sample]);
      parser.parse("memory", offsets[sample], run, view);
      sum += view.fieldCount();
    }
    return sum;
  }
}
