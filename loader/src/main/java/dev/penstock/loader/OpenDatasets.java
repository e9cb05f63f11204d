package dev.penstock.loader;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The datasets that sessions asked for lately, so that the next rank of a job finds its dataset
 * open. One thread opens a dataset while others that ask for the same one wait; other datasets do
 * not wait for it. Thread-safe.
 */
final class OpenDatasets {
  /**
   * What is remembered of a dataset is small beside its indexes, which have a bound of their own.
   */
  private static final int MAX_DATASETS = 64;

  private final Cache<Key, Entry> entries =
      Caffeine.newBuilder().maximumSize(MAX_DATASETS).executor(Runnable::run).build();

  private record Key(List<String> patterns, boolean rawRecords) {}

  /** Guarded by itself while its dataset is opened. */
  private static final class Entry {
    @Nullable Dataset known;
  }

  /** Opens a dataset anew, unless nothing changed since {@code known} was opened. */
  @FunctionalInterface
  interface Opener {
    Dataset open(@Nullable Dataset known) throws IOException;
  }

  Dataset open(List<String> patterns, boolean rawRecords, Opener opener) throws IOException {
    Entry entry = entries.get(new Key(List.copyOf(patterns), rawRecords), ignored -> new Entry());
    synchronized (entry) {
      Dataset current = opener.open(entry.known);
      entry.known = current;
      return current;
    }
  }
}
