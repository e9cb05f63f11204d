package dev.penstock.benchmarks.data;

import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/** A WebDataset of {@link Pictures}: fields {@code png} and {@code cls}, the label as text. */
public final class PictureShards {
  private PictureShards() {}

  /** Writes {@code pictures-000000.tar} and so on; returns their decoded bytes. */
  public static long write(Path directory, int count, int shards, long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    Pictures pictures = new Pictures(random);
    long bytes = 0;
    int picture = 0;
    for (int shard = 0; shard < shards; shard++) {
      int end = (int) ((long) count * (shard + 1) / shards);
      Path file = directory.resolve(String.format(Locale.ROOT, "pictures-%06d.tar", shard));
      try (ShardWriter writer = ShardWriter.webDataset(file, WriterOptions.plain())) {
        for (; picture < end; picture++) {
          int kind = random.nextInt(Pictures.KINDS);
          byte[] png = Png.encode(pictures.draw(kind), Pictures.SIDE, Pictures.SIDE);
          byte[] cls = Integer.toString(kind).getBytes(StandardCharsets.US_ASCII);
          writer.write(
              String.format(Locale.ROOT, "picture%06d", picture),
              List.of(
                  new SampleField.Bytes("png", MemorySegment.ofArray(png)),
                  new SampleField.Bytes("cls", MemorySegment.ofArray(cls))));
        }
        bytes += writer.decodedBytes();
      }
    }
    return bytes;
  }
}
