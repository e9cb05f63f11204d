package dev.penstock.loader;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.penstock.formats.ShardIndex;
import org.jspecify.annotations.Nullable;

/**
 * The shard indexes that are in memory, of all datasets of an engine together, within one bound on
 * the heap that they take: the least recently used go. Thread-safe.
 */
final class IndexCache {
  /** Heap that indexes may take: the look-ahead of some hundred lanes over large shards. */
  static final long DEFAULT_BYTES = 48L << 20;

  private final Cache<Key, ShardIndex> indexes;

  /** Owners have no equals of their own: they are compared by identity. */
  private record Key(Object owner, int shard) {}

  IndexCache(long maxBytes) {
    this.indexes =
        Caffeine.newBuilder()
            .maximumWeight(maxBytes)
            .weigher(
                (Key key, ShardIndex index) -> (int) Math.min(Integer.MAX_VALUE, index.heapBytes()))
            .executor(Runnable::run)
            .build();
  }

  @Nullable ShardIndex get(Object owner, int shard) {
    return indexes.getIfPresent(new Key(owner, shard));
  }

  void put(Object owner, int shard, ShardIndex index) {
    indexes.put(new Key(owner, shard), index);
  }
}
