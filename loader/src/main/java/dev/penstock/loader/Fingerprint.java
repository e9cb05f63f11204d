package dev.penstock.loader;

import dev.penstock.cache.origin.StoredObject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What names a dataset in cursors: {@code HEX-SHARDS-SAMPLES}, where HEX is SHA-256, cut to 16
 * bytes, over a line for each shard: relative name, stored bytes, samples and index digest. A copy
 * on another store has the same. The two counts are there so that a refused cursor can say what
 * changed, and so that appended shards are found.
 */
final class Fingerprint {
  private static final int BYTES = 16;

  private final MessageDigest digest;
  private int shards;
  private long samples;

  Fingerprint() {
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  void add(StoredObject object, int sampleCount, String indexDigest) {
    String line =
        "%s\t%d\t%d\t%s\n".formatted(object.name(), object.sizeBytes(), sampleCount, indexDigest);
    digest.update(line.getBytes(StandardCharsets.UTF_8));
    shards++;
    samples += sampleCount;
  }

  String finish() {
    return HexFormat.of().formatHex(digest.digest(), 0, BYTES) + "-" + shards + "-" + samples;
  }

  /** What names a list of shards of which nothing but the names is known. */
  static String ofNames(List<String> names) {
    Fingerprint made = new Fingerprint();
    for (String name : names) {
      made.digest.update((name + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return HexFormat.of().formatHex(made.digest.digest(), 0, BYTES) + "-" + names.size();
  }

  /** The dataset's part of a fingerprint, without that of a selection. */
  static String dataset(String fingerprint) {
    int slash = fingerprint.indexOf('/');
    return slash < 0 ? fingerprint : fingerprint.substring(0, slash);
  }

  /** The number of shards in a fingerprint; -1 if it is none of ours. */
  static int shards(String fingerprint) {
    String[] parts = dataset(fingerprint).split("-", -1);
    try {
      return parts.length == 3 ? Integer.parseInt(parts[1]) : -1;
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /** How many samples in how many shards a fingerprint is of, for people. */
  static String describe(String fingerprint) {
    String[] parts = dataset(fingerprint).split("-", -1);
    return parts.length == 3
        ? "%s samples in %s shards".formatted(parts[2], parts[1])
        : "a dataset " + fingerprint;
  }
}
