package dev.penstock.formats;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Makes shards from a seed. */
final class Shards {
  private Shards() {}

  record Sample(String key, List<SampleField> fields) {}

  /** Samples of one to four fields of bytes, some empty, some compressible. */
  static List<Sample> samples(Random random, int count, int maxFieldBytes) {
    String[] names = {"jpg", "cls", "seg.png", "json", "größe", "x.y.z", ""};
    List<Sample> samples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String directory = "d".repeat(random.nextInt(4) == 0 ? random.nextInt(300) : 1);
      List<SampleField> fields = new ArrayList<>();
      int first = random.nextInt(names.length);
      int fieldCount = 1 + random.nextInt(4);
      for (int field = 0; field < fieldCount; field++) {
        fields.add(
            SampleField.of(names[(first + field) % names.length], bytes(random, maxFieldBytes)));
      }
      samples.add(new Sample("%s/ключ-%06d".formatted(directory, i), fields));
    }
    return samples;
  }

  static byte[] bytes(Random random, int maxBytes) {
    byte[] value = new byte[random.nextInt(maxBytes + 1)];
    if (random.nextBoolean()) {
      random.nextBytes(value);
    } else {
      for (int i = 0; i < value.length; i++) {
        value[i] = (byte) ("compress me ".charAt(i % 12) + i / 1000);
      }
    }
    return value;
  }

  static byte[] tar(List<Sample> samples, WriterOptions options) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ShardWriter writer = ShardWriter.webDataset(out, options)) {
      for (Sample sample : samples) {
        writer.write(sample.key(), sample.fields());
      }
    }
    return out.toByteArray();
  }

  static byte[] tfRecord(List<Sample> samples, TfRecordFormat format, WriterOptions options)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ShardWriter writer = ShardWriter.tfRecord(out, format, options)) {
      for (Sample sample : samples) {
        writer.write(sample.key(), sample.fields());
      }
    }
    return out.toByteArray();
  }
}
