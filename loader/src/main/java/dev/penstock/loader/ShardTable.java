package dev.penstock.loader;

import dev.penstock.cache.CacheSession;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.ShardIndex;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The shards that a session has open, at most {@link #MAX_IDLE} of them unused. Opening reads the
 * shard's index; closing gives descriptors back. Thread-safe.
 */
final class ShardTable implements AutoCloseable {
  /** Open shards kept for their next use: one descriptor each. */
  static final int MAX_IDLE = 512;

  private final Dataset dataset;
  private final CacheSession cache;
  private final Map<String, Integer> columnNumbers;
  private final LinkedHashMap<Integer, ShardView> open = new LinkedHashMap<>(64, 0.75f, true);

  ShardTable(Dataset dataset, CacheSession cache, BatchSchema schema) {
    this.dataset = dataset;
    this.cache = cache;
    this.columnNumbers = schema.columnNumbers();
  }

  /** Opens the shard if need be; the caller releases it once. */
  synchronized ShardView acquire(int shard) throws IOException {
    ShardView view = open.get(shard);
    if (view != null) {
      view.users++;
      return view;
    }
    view = open(shard);
    view.users++; // before idle ones go: it must not be among them
    open.put(shard, view);
    closeIdle(MAX_IDLE);
    return view;
  }

  private ShardView open(int shard) throws IOException {
    ShardIndex index = dataset.index(shard);
    int[] columnOfName = new int[index.names().count()];
    for (int name = 0; name < columnOfName.length; name++) {
      columnOfName[name] = columnNumbers.getOrDefault(index.names().name(name), -1);
    }
    ByteSource source =
        cache.open(
            shard, dataset.object(shard), index.codec(), index.frames(), index.decodedBytes());
    boolean inPlace = dataset.format().placesKnown() && source.copies();
    return new ShardView(
        shard,
        dataset.partOf(shard),
        dataset.object(shard).name(),
        index,
        source,
        columnOfName,
        inPlace);
  }

  synchronized void release(ShardView view) {
    view.users--;
  }

  private void closeIdle(int keep) throws IOException {
    if (open.size() <= keep) {
      return;
    }
    List<ShardView> idle = new ArrayList<>();
    for (ShardView view : open.values()) {
      if (view.users == 0 && open.size() - idle.size() > keep) {
        idle.add(view);
      }
    }
    for (ShardView view : idle) {
      open.remove(view.number);
      view.source.close();
    }
  }

  /** Closes all shards; no batch uses them any more. */
  @Override
  public synchronized void close() throws IOException {
    IOException first = null;
    for (ShardView view : open.values()) {
      try {
        view.source.close();
      } catch (IOException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    open.clear();
    if (first != null) {
      throw first;
    }
  }
}
