package dev.penstock.formats;

import java.util.Locale;

/** What the keys of a shard without stored keys start with. */
final class KeyStem {
  private static final String[] EXTENSIONS = {
    ".gz", ".zst", ".zstd", ".lz4", ".tfrecord", ".tfrecords", ".tfrec"
  };

  private KeyStem() {}

  /**
   * The shard's name without directories and without the extensions above, at its end and in any
   * case. Others stay, so that {@code train.tfrecord-00003-of-00010} keeps what sets it apart.
   */
  static String of(String shardName) {
    String name = shardName.substring(shardName.lastIndexOf('/') + 1);
    boolean again = true;
    while (again) {
      again = false;
      for (String extension : EXTENSIONS) {
        if (name.length() > extension.length()
            && name.toLowerCase(Locale.ROOT).endsWith(extension)) {
          name = name.substring(0, name.length() - extension.length());
          again = true;
        }
      }
    }
    return name;
  }
}
