package dev.penstock.cache;

import dev.penstock.cache.origin.StoredObject;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Which files of a directory are shards. */
final class ShardNames {
  private static final Pattern SHARD =
      Pattern.compile(".*\\.(tar|tgz|tar\\.(gz|zst|zstd|lz4)|tfrecords?([.-].*)?|tfrec([.-].*)?)");
  private static final Pattern BESIDE = Pattern.compile(".*\\.(idx|index|penstock-index)");

  private ShardNames() {}

  /**
   * The files with a shard's suffix if there are any, else all but hidden ones and indexes: many
   * TFRecord datasets carry no suffix at all.
   */
  static List<StoredObject> choose(List<StoredObject> found) {
    List<StoredObject> visible =
        found.stream().filter(object -> !isHidden(object) && !isIndex(object.name())).toList();
    List<StoredObject> shards = visible.stream().filter(object -> isShard(object.name())).toList();
    return shards.isEmpty() ? visible : shards;
  }

  /** Whether the name is one that only shards have, and no pattern. */
  static boolean isShard(String name) {
    return SHARD.matcher(name.toLowerCase(Locale.ROOT)).matches()
        && Wildcards.firstWildcard(name) < 0;
  }

  /** Whether the file is an index beside a shard and so never a shard itself. */
  static boolean isIndex(String name) {
    return BESIDE.matcher(name).matches();
  }

  private static boolean isHidden(StoredObject object) {
    String name = object.name();
    return name.startsWith(".", name.lastIndexOf('/') + 1);
  }
}
