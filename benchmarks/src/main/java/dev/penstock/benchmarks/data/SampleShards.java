package dev.penstock.benchmarks.data;

import dev.penstock.formats.Codec;
import dev.penstock.formats.RecordKind;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.TfRecordFormat;
import dev.penstock.formats.WriterOptions;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Shards of random samples: field {@code jpg} of bytes that look like pictures only in size, field
 * {@code cls} a label as text. The first part of each {@code jpg} is random, the rest repeats it,
 * so that codecs find as much to do as asked.
 *
 * @param samples in all shards together
 * @param sampleBytes length of each {@code jpg}
 * @param shards that they are dealt over, one after the other
 * @param seed the same seed gives the same bytes
 * @param kind format of the shards
 * @param codec how they are compressed
 * @param frameBytes decoded bytes of a frame, 0 for one frame a shard
 * @param randomPercent how much of each {@code jpg} is random, 1 to 100
 */
public record SampleShards(
    long samples,
    int sampleBytes,
    int shards,
    long seed,
    RecordKind kind,
    Codec codec,
    long frameBytes,
    int randomPercent) {
  private static final int LABELS = 1000;

  /** Checks ranges. */
  public SampleShards {
    if (samples < 1 || sampleBytes < 1 || shards < 1 || shards > samples) {
      throw new IllegalArgumentException(
          "%d samples of %d bytes in %d shards cannot be: all are at least 1, and no shard is empty"
              .formatted(samples, sampleBytes, shards));
    }
    if (randomPercent < 1 || randomPercent > 100) {
      throw new IllegalArgumentException(
          "the random part is 1 to 100 percent, was " + randomPercent);
    }
  }

  /** Uncompressed tar of wholly random bytes. */
  public static SampleShards plainTar(long samples, int sampleBytes, int shards, long seed) {
    return new SampleShards(
        samples, sampleBytes, shards, seed, RecordKind.WEBDATASET, Codec.NONE, 0, 100);
  }

  /** Name of a shard. */
  public String name(int shard) {
    String format = kind == RecordKind.WEBDATASET ? "tar" : "tfrecord";
    String suffix =
        switch (codec) {
          case NONE -> "";
          case GZIP -> ".gz";
          case ZSTD -> ".zst";
          case LZ4 -> ".lz4";
        };
    return String.format(Locale.ROOT, "train-%06d.%s%s", shard, format, suffix);
  }

  /** Writes all shards into a directory. */
  public void write(Path directory) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] jpg = new byte[sampleBytes];
    byte[] part = new byte[Math.max(1, (int) ((long) sampleBytes * randomPercent / 100))];
    long sample = 0;
    for (int shard = 0; shard < shards; shard++) {
      long end = samples * (shard + 1) / shards;
      try (ShardWriter writer = writer(directory.resolve(name(shard)))) {
        for (; sample < end; sample++) {
          random.nextBytes(part);
          for (int at = 0; at < jpg.length; at += part.length) {
            System.arraycopy(part, 0, jpg, at, Math.min(part.length, jpg.length - at));
          }
          byte[] cls = Integer.toString(random.nextInt(LABELS)).getBytes(StandardCharsets.US_ASCII);
          writer.write(
              String.format(Locale.ROOT, "s%09d", sample),
              List.of(
                  new SampleField.Bytes("jpg", MemorySegment.ofArray(jpg)),
                  new SampleField.Bytes("cls", MemorySegment.ofArray(cls))));
        }
      }
    }
  }

  private ShardWriter writer(Path file) throws IOException {
    WriterOptions options = new WriterOptions(codec, 0, frameBytes);
    return kind == RecordKind.WEBDATASET
        ? ShardWriter.webDataset(file, options)
        : ShardWriter.tfRecord(file, TfRecordFormat.example(), options);
  }
}
