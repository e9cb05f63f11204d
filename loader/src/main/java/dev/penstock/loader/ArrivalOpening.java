package dev.penstock.loader;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Shards that are opened before their turn, several at a time: finding and opening one costs round
 * trips to its store. They are taken in the order in which they were started. For the reading
 * thread; opening happens on threads of its own.
 */
final class ArrivalOpening implements AutoCloseable {
  private final Opener opener;
  private final ArrayDeque<Opened> queue = new ArrayDeque<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  /** Opens a shard by its number. */
  @FunctionalInterface
  interface Opener {
    ArrivalLane open(int shard) throws IOException;
  }

  private record Opened(int shard, Future<ArrivalLane> lane) {
    boolean isThere() {
      return lane.state() == Future.State.SUCCESS;
    }
  }

  ArrivalOpening(Opener opener) {
    this.opener = opener;
  }

  /** Begins to open a shard. */
  void start(int shard) {
    queue.addLast(new Opened(shard, threads.submit(() -> opener.open(shard))));
  }

  /** How many are open, or on their way, and not taken. */
  int count() {
    return queue.size();
  }

  /** The next shard, which is this one; waits until it is open. The caller closes it. */
  ArrivalLane take(int shard) throws IOException, InterruptedException {
    if (queue.isEmpty()) {
      start(shard);
    }
    Opened next = queue.getFirst();
    if (next.shard != shard) {
      throw new IllegalStateException(
          "shard %d was opened ahead, but shard %d is next".formatted(next.shard, shard));
    }
    try {
      ArrivalLane lane = next.lane.get();
      queue.removeFirst();
      return lane;
    } catch (ExecutionException e) {
      queue.removeFirst();
      switch (e.getCause()) {
        case IOException failed -> throw failed;
        case RuntimeException failed -> throw failed;
        case Error failed -> throw failed;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  /** Waits until all are open, or have failed. */
  void awaitAll() throws InterruptedException {
    for (Opened one : queue) {
      try {
        one.lane.get();
      } catch (ExecutionException _) {
        // Whoever takes it is told.
      }
    }
  }

  /** Asks for so many first bytes of those that are open, as far as memory allows. */
  void askAhead(long bytes) throws IOException, InterruptedException {
    for (Opened one : queue) {
      if (one.isThere()) {
        one.lane.resultNow().startAt(0, bytes);
      }
    }
  }

  /** Gives up what was asked for. */
  void giveUpAhead() {
    for (Opened one : queue) {
      if (one.isThere()) {
        one.lane.resultNow().giveUpAhead();
      }
    }
  }

  /** Closes what was not taken. What is being opened is interrupted: its store may be silent. */
  @Override
  public void close() throws IOException {
    threads.shutdownNow();
    threads.close();
    for (Opened one : queue) {
      if (one.isThere()) {
        one.lane.resultNow().close();
      }
    }
    queue.clear();
  }
}
