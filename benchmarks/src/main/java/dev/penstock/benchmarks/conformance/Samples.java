package dev.penstock.benchmarks.conformance;

import dev.penstock.formats.Codec;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Small samples in uncompressed tar shards, as many in each shard as asked. The key of a sample is
 * the set's letter and its number in stored order.
 *
 * @param letter of the set; sets that are mixed have different ones
 * @param shards samples of each shard
 */
record Samples(String letter, List<Integer> shards) {
  private static final int DIGITS = 7;

  /** Keeps its own list. */
  Samples {
    shards = List.copyOf(shards);
  }

  /** 48 shards of 20: a fair share for 1, 6, 8 or 16 ranks, also of loaders that deal shards. */
  static Samples even() {
    return new Samples("e", Collections.nCopies(48, 20));
  }

  /** 29 shards of 3 to 60 samples, whose sum no batch divides. */
  static Samples uneven() {
    SplittableRandom random = new SplittableRandom(5);
    List<Integer> shards = new ArrayList<>();
    while (shards.size() < 28) {
      shards.add(random.nextInt(3, 61));
    }
    int sum = shards.stream().mapToInt(Integer::intValue).sum();
    shards.add(30 + (sum + 1) % 2); // an odd sum
    return new Samples("u", shards);
  }

  /** 40 shards of 500, to measure how well they are shuffled. */
  static Samples large() {
    return new Samples("l", Collections.nCopies(40, 500));
  }

  /** A part of a mixture: 48 shards of 25. */
  static Samples part(String letter) {
    return new Samples(letter, Collections.nCopies(48, 25));
  }

  int count() {
    return shards.stream().mapToInt(Integer::intValue).sum();
  }

  String key(int number) {
    return letter + String.format(Locale.ROOT, "%0" + DIGITS + "d", number);
  }

  /** The number of a key; -1 for what is no key of this set. */
  int number(String key) {
    if (key.length() != letter.length() + DIGITS || !key.startsWith(letter)) {
      return -1;
    }
    try {
      int number = Integer.parseInt(key.substring(letter.length()));
      return number >= 0 && number < count() ? number : -1;
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /** The shard of each sample. */
  int[] shardOfEach() {
    int[] shard = new int[count()];
    int next = 0;
    for (int i = 0; i < shards.size(); i++) {
      for (int k = 0; k < shards.get(i); k++) {
        shard[next++] = i;
      }
    }
    return shard;
  }

  /** Writes the shards into a directory that it makes. */
  void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    SplittableRandom random = new SplittableRandom(letter.hashCode());
    byte[] bytes = new byte[64];
    int number = 0;
    for (int shard = 0; shard < shards.size(); shard++) {
      Path file = directory.resolve(String.format(Locale.ROOT, "train-%06d.tar", shard));
      try (ShardWriter writer = ShardWriter.webDataset(file, new WriterOptions(Codec.NONE, 0, 0))) {
        for (int k = 0; k < shards.get(shard); k++) {
          random.nextBytes(bytes);
          byte[] cls = Integer.toString(number % 10).getBytes(StandardCharsets.US_ASCII);
          writer.write(
              key(number++),
              List.of(
                  new SampleField.Bytes("bin", MemorySegment.ofArray(bytes)),
                  new SampleField.Bytes("cls", MemorySegment.ofArray(cls))));
        }
      }
    }
  }
}
