package dev.penstock.cache;

import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.StoredObject;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * Looks for many objects of a remote store at a time: one after the other, a thousand shards would
 * take a thousand round trips before the first byte is read.
 */
final class FindAhead {
  static final FindAhead NONE = new FindAhead(Map.of());

  /** Questions under way, at most; stores take more, but start to throttle at some hundreds. */
  private static final int AT_ONCE = 32;

  private final Map<String, Optional<StoredObject>> found;

  private FindAhead(Map<String, Optional<StoredObject>> found) {
    this.found = found;
  }

  static FindAhead of(List<String> locations, List<Origin> origins) throws OriginException {
    if (locations.size() < 2) {
      return NONE;
    }
    Map<String, Future<Optional<StoredObject>>> asked = new HashMap<>();
    Semaphore room = new Semaphore(AT_ONCE);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (String location : locations) {
        Optional<Origin> remote =
            origins.stream().filter(o -> o.handles(location) && o.isRemote(location)).findFirst();
        if (remote.isPresent() && !location.endsWith("/")) {
          asked.computeIfAbsent(
              location, _ -> threads.submit(() -> limited(room, remote.get(), location)));
        }
      }
      Map<String, Optional<StoredObject>> answers = new HashMap<>();
      for (Map.Entry<String, Future<Optional<StoredObject>>> entry : asked.entrySet()) {
        answers.put(entry.getKey(), answer(entry.getKey(), entry.getValue(), threads));
      }
      return answers.isEmpty() ? NONE : new FindAhead(answers);
    }
  }

  private static Optional<StoredObject> limited(Semaphore room, Origin origin, String location)
      throws OriginException, InterruptedException {
    room.acquire();
    try {
      return origin.find(location);
    } finally {
      room.release();
    }
  }

  private static Optional<StoredObject> answer(
      String location, Future<Optional<StoredObject>> future, ExecutorService threads)
      throws OriginException {
    try {
      return future.get();
    } catch (InterruptedException _) {
      threads.shutdownNow();
      Thread.currentThread().interrupt();
      throw Failures.interrupted(location);
    } catch (ExecutionException failure) {
      threads.shutdownNow();
      if (failure.getCause() instanceof OriginException origin) {
        throw origin.copy();
      }
      if (failure.getCause() instanceof RuntimeException bug) {
        throw bug;
      }
      if (failure.getCause() instanceof Error broken) {
        throw broken;
      }
      throw new IllegalStateException(failure);
    }
  }

  Optional<StoredObject> find(Origin origin, String location) throws OriginException {
    Optional<StoredObject> known = found.get(location);
    return known == null ? origin.find(location) : known;
  }
}
