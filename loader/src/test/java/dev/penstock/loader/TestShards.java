package dev.penstock.loader;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Small WebDataset shards whose contents follow from their names, so that tests can check them. */
final class TestShards {
  private TestShards() {}

  /** {@code shards} archives train-000000.tar ... of {@code samples} samples each: jpg and cls. */
  static void write(Path directory, int shards, int samples, int meanBytes) throws IOException {
    for (int shard = 0; shard < shards; shard++) {
      ByteArrayOutputStream tar = new ByteArrayOutputStream();
      for (int sample = 0; sample < samples; sample++) {
        int number = shard * samples + sample;
        member(tar, key(number) + ".jpg", jpg(number, meanBytes));
        member(
            tar,
            key(number) + ".cls",
            Integer.toString(number % 1000).getBytes(StandardCharsets.US_ASCII));
      }
      tar.write(new byte[1024]);
      Files.write(directory.resolve("train-%06d.tar".formatted(shard)), tar.toByteArray());
    }
  }

  static String key(int number) {
    return "s%08d".formatted(number);
  }

  /** The payload of a sample: pseudo-random bytes of a length between half and one and a half. */
  static byte[] jpg(int number, int meanBytes) {
    Random random = new Random(number);
    byte[] bytes = new byte[meanBytes / 2 + random.nextInt(meanBytes)];
    random.nextBytes(bytes);
    return bytes;
  }

  static void member(ByteArrayOutputStream tar, String name, byte[] data) throws IOException {
    byte[] header = new byte[512];
    put(header, 0, name);
    put(header, 100, "0000644\0");
    put(header, 108, "0000000\0");
    put(header, 116, "0000000\0");
    put(header, 124, "%011o\0".formatted(data.length));
    put(header, 136, "00000000000\0");
    put(header, 148, "        ");
    header[156] = '0';
    put(header, 257, "ustar\00000");
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xFF;
    }
    put(header, 148, "%06o\0 ".formatted(sum));
    tar.write(header);
    tar.write(data);
    tar.write(new byte[(512 - data.length % 512) % 512]);
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }
}
