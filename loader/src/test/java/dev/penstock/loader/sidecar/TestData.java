package dev.penstock.loader.sidecar;

import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;

/** Small seeded archives. */
final class TestData {
  private TestData() {}

  /** An archive of samples {@code s000000 ...} with fields jpg (so many bytes) and cls. */
  static Path archive(Path file, int samples, IntUnaryOperator jpgBytes) throws IOException {
    try (ShardWriter writer = ShardWriter.webDataset(file, WriterOptions.plain())) {
      for (int i = 0; i < samples; i++) {
        byte[] jpg = new byte[jpgBytes.applyAsInt(i)];
        new Random(i).nextBytes(jpg);
        byte[] cls = Integer.toString(i % 10).getBytes(StandardCharsets.US_ASCII);
        writer.write(key(i), List.of(SampleField.of("jpg", jpg), SampleField.of("cls", cls)));
      }
    }
    return file;
  }

  static String key(int sample) {
    return "s%06d".formatted(sample);
  }
}
