package dev.penstock.cache.ssd;

import java.util.concurrent.ConcurrentHashMap;

/** How many slots each dataset and each job has. Changed under the lock of {@link SsdDevice}. */
final class SlotUsage {
  private final ConcurrentHashMap<Integer, Integer> datasets = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Integer, Integer> jobs = new ConcurrentHashMap<>();

  void add(SlotTable table, int slot) {
    datasets.merge(table.dataset(slot), 1, Integer::sum);
    jobs.merge(table.job(slot), 1, Integer::sum);
  }

  void remove(SlotTable table, int slot) {
    datasets.computeIfPresent(table.dataset(slot), (_, count) -> less(count));
    jobs.computeIfPresent(table.job(slot), (_, count) -> less(count));
  }

  @SuppressWarnings("NullAway") // The map drops what becomes null.
  private static Integer less(int count) {
    return count == 1 ? null : count - 1;
  }

  int ofDataset(int dataset) {
    return datasets.getOrDefault(dataset, 0);
  }

  int ofJob(int job) {
    return jobs.getOrDefault(job, 0);
  }
}
