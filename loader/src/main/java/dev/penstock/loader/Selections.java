package dev.penstock.loader;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.penstock.formats.ShardIndex;
import dev.penstock.sharding.DatasetShape;
import dev.penstock.sharding.Selection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a dataset that filters keep. The last few are remembered, since all ranks of a job
 * ask alike; not those that depend on a file of keys, which may be another next time. Thread-safe.
 */
final class Selections {
  private static final int REMEMBERED = 16;

  private final Dataset dataset;
  private final Cache<Key, DatasetShape> known =
      Caffeine.newBuilder().maximumSize(REMEMBERED).executor(Runnable::run).build();

  private record Key(String fingerprint, List<SampleFilter> filters) {}

  Selections(Dataset dataset) {
    this.dataset = dataset;
  }

  /** The samples of {@code base}, which is the dataset or its first shards, that all keep. */
  DatasetShape of(DatasetShape base, List<SampleFilter> filters) throws IOException {
    Key key = new Key(base.fingerprint(), List.copyOf(filters));
    boolean lasting = filters.stream().allMatch(filter -> filter.file().isEmpty());
    DatasetShape kept = lasting ? known.getIfPresent(key) : null;
    if (kept != null) {
      return kept;
    }
    List<SampleFilter.Test> tests = new ArrayList<>();
    for (SampleFilter filter : filters) {
      tests.add(filter.open());
    }
    try {
      kept = Selection.of(base, new Keep(base, tests));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    if (kept.sampleCount() == 0) {
      throw new IllegalArgumentException(
          "filter: %s keep none of the %d samples".formatted(filters, base.sampleCount()));
    }
    if (lasting) {
      known.put(key, kept);
    }
    return kept;
  }

  /** Asked shard after shard. */
  private final class Keep implements Selection.Keep {
    private final DatasetShape base;
    private final List<SampleFilter.Test> tests;
    private int shardHeld = -1;
    private @Nullable ShardIndex held;

    Keep(DatasetShape base, List<SampleFilter.Test> tests) {
      this.base = base;
      this.tests = tests;
    }

    @Override
    public boolean keeps(int shard, int ordinal) {
      ShardIndex index = index(shard);
      long number = base.firstSample(shard) + ordinal;
      for (SampleFilter.Test test : tests) {
        if (!test.keeps(index, ordinal, number)) {
          return false;
        }
      }
      return true;
    }

    private ShardIndex index(int shard) {
      ShardIndex index = held;
      if (index == null || shard != shardHeld) {
        try {
          index = dataset.index(shard);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
        held = index;
        shardHeld = shard;
      }
      return index;
    }
  }
}
