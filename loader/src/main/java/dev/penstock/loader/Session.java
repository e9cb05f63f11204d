package dev.penstock.loader;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.CacheSession;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One rank's running pipeline: a look-ahead thread that asks for bytes in the order of need, and
 * gather threads that fill the ring's slots and publish them in step order. Ends by itself after
 * the last batch (with an empty slot that says so), by failure, or by {@link #close}. Thread-safe.
 */
public final class Session implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Session.class);

  /** Rows that may be planned ahead of the gather; bytes are bounded by the cache's quota. */
  private static final int MAX_ROWS_AHEAD = 1 << 16;

  private static final int MAX_BATCHES_AHEAD = 256;

  final SessionPlan plan;
  final Ring ring;
  private final @Nullable ShardTable shards;
  final Optional<CacheSession> side;
  final StageStats lookAhead = new StageStats();
  final StageStats gather = new StageStats();
  final BadSamples badSamples;
  final ByteBudget budget;
  private final CacheSession cache;
  private final LongAdder[] sourceRows;
  private final BlockingQueue<BatchWork> works;
  private final Ahead ahead;
  private final List<Thread> threads = new ArrayList<>();
  private final List<GatherTask> tasks = new ArrayList<>();
  private final AtomicReference<@Nullable PipelineFailedException> failure =
      new AtomicReference<>();
  private final Consumer<PipelineFailedException> onFailure;
  private final long startNanos = System.nanoTime();

  // Taking work and claiming its slot is one step, so that the batch that is published next always
  // has a slot before a later one gets it.
  private final ReentrantLock takeLock = new ReentrantLock();
  private final ReentrantLock publishLock = new ReentrantLock();
  private final Condition published = publishLock.newCondition();
  private final List<BatchWork> abandoned = new ArrayList<>();
  private long nextToPublish;
  private long batches;
  private volatile boolean closed;

  /** A batch to gather and the slot to gather it into. */
  record Assignment(BatchWork work, Slot slot) {}

  Session(
      SessionPlan plan,
      Ring ring,
      CacheSession cache,
      Optional<CacheSession> side,
      @Nullable ShardTable shards,
      Function<Session, Ahead> ahead,
      int gatherThreads,
      ByteBudget budget,
      Consumer<PipelineFailedException> onFailure) {
    this.plan = plan;
    this.ring = ring;
    this.cache = cache;
    this.side = side;
    this.shards = shards;
    this.onFailure = onFailure;
    this.budget = budget;
    this.badSamples = new BadSamples(plan.config());
    this.sourceRows = new LongAdder[plan.sourceNames().size()];
    Arrays.setAll(sourceRows, i -> new LongAdder());
    int rows = Math.max(1, plan.config().batchSize());
    int queued = Math.max(2, Math.min(MAX_BATCHES_AHEAD, MAX_ROWS_AHEAD / rows));
    works = new ArrayBlockingQueue<>(queued);
    String name = "penstock-r" + plan.config().rank();
    this.ahead = ahead.apply(this);
    threads.add(thread(name + "-ahead", "look-ahead", this.ahead));
    try {
      for (int i = 0; i < gatherThreads; i++) {
        GatherTask task = new GatherTask(this);
        tasks.add(task);
        threads.add(thread(name + "-gather-" + i, "gather", task));
      }
    } catch (RuntimeException | Error e) {
      tasks.forEach(GatherTask::close);
      throw e;
    }
  }

  void start() {
    threads.forEach(Thread::start);
  }

  /** What a pipeline thread does until it is done or interrupted. */
  @FunctionalInterface
  interface Task {
    void run() throws IOException, InterruptedException;
  }

  /** The thread that knows what comes next: it asks for bytes and offers batches. */
  interface Ahead extends Task, AutoCloseable {
    /** Gives back what it holds; called once, when its thread has ended and no batch is left. */
    @Override
    void close() throws IOException;
  }

  private Thread thread(String name, String stage, Task task) {
    return Thread.ofPlatform()
        .name(name)
        .daemon()
        .unstarted(
            () -> {
              try {
                task.run();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // interrupts mean stop
              } catch (IOException | RuntimeException | Error e) {
                fail(stage, e);
              }
            });
  }

  private void fail(String stage, Throwable cause) {
    if (closed) {
      LOG.debug("{} ended while its session closed", stage, cause);
      return;
    }
    PipelineFailedException first =
        cause instanceof PipelineFailedException failed
            ? failed
            : new PipelineFailedException(stage, cause);
    if (failure.compareAndSet(null, first)) {
      interruptOthers();
      onFailure.accept(first);
      return;
    }
    PipelineFailedException earlier = failure.get();
    if (earlier != null) {
      earlier.addSuppressed(cause);
    }
  }

  private void interruptOthers() {
    for (Thread thread : threads) {
      if (!thread.equals(Thread.currentThread())) {
        thread.interrupt();
      }
    }
  }

  /** Look-ahead: passes a batch on. Blocks while enough of them wait. */
  void offer(BatchWork work) throws InterruptedException {
    long start = System.nanoTime();
    works.put(work);
    lookAhead.blockedNanos.add(System.nanoTime() - start);
  }

  /** Gather: the next batch in step order, with a slot of its own. */
  Assignment take() throws InterruptedException {
    takeLock.lockInterruptibly();
    try {
      long start = System.nanoTime();
      BatchWork work = works.take();
      long taken = System.nanoTime();
      gather.starvedNanos.add(taken - start);
      try {
        Slot slot = ring.claim();
        gather.blockedNanos.add(System.nanoTime() - taken);
        plan.began(work.sequence);
        return new Assignment(work, slot);
      } catch (InterruptedException e) {
        abandon(work);
        throw e;
      }
    } finally {
      takeLock.unlock();
    }
  }

  /** Gather: publishes a filled slot when all earlier ones are published. */
  void publish(long sequence, Slot slot) throws InterruptedException {
    publish(sequence, slot, true);
  }

  /** Gather: publishes the slot that says that the run has ended. */
  void publishEnd(long sequence, Slot slot) throws InterruptedException {
    publish(sequence, slot, false);
  }

  private void publish(long sequence, Slot slot, boolean isBatch) throws InterruptedException {
    publishLock.lockInterruptibly();
    try {
      while (nextToPublish != sequence) {
        published.await();
      }
      ring.publish(slot);
      nextToPublish++;
      batches += isBatch ? 1 : 0;
      published.signalAll();
    } finally {
      publishLock.unlock();
    }
  }

  /**
   * Gather: waits until all earlier batches are published, so that a failure ends the run right
   * behind the last good batch, however many threads gather.
   */
  void awaitTurn(long sequence) throws InterruptedException {
    publishLock.lockInterruptibly();
    try {
      while (nextToPublish < sequence) {
        published.await();
      }
    } finally {
      publishLock.unlock();
    }
  }

  /**
   * Gather: leaves a batch that was not finished to {@link #close}, when nobody adds leases to it.
   */
  void abandon(BatchWork work) {
    synchronized (abandoned) {
      abandoned.add(work);
    }
  }

  /** The shards that were opened by their numbers in the plan. */
  ShardTable shards() {
    if (shards == null) {
      throw new IllegalStateException("this session opens no shard by its number");
    }
    return shards;
  }

  /** A batch does not use the shard any more. */
  void release(ShardView shard) {
    if (shards != null) {
      shards.release(shard);
    }
  }

  /** Gather: a row of one of the sources is in its place. */
  void countRow(int source) {
    if (sourceRows.length > 0) {
      sourceRows[source].increment();
    }
  }

  private List<LoaderStats.Source> sources() {
    List<LoaderStats.Source> sources = new ArrayList<>();
    List<String> names = plan.sourceNames();
    for (int i = 0; i < sourceRows.length; i++) {
      sources.add(new LoaderStats.Source(names.get(i), sourceRows[i].sum()));
    }
    return sources;
  }

  /** What this session runs. */
  public SessionPlan plan() {
    return plan;
  }

  /** Why it ended before its time, if it did. */
  public Optional<PipelineFailedException> failure() {
    return Optional.ofNullable(failure.get());
  }

  /** Counters up to now; {@code consumerWaitNanos} is known by whoever consumes. */
  public LoaderStats stats(long consumerWaitNanos) {
    var reads = cache.stats();
    List<LoaderStats.Cause> causes = new ArrayList<>();
    // Sums over the gather threads; shared between them they add up to at most the wall time.
    int threads = tasks.size();
    causes.add(new LoaderStats.Cause("origin", reads.originWaitNanos() / threads));
    causes.add(new LoaderStats.Cause("ssd", reads.ssdWaitNanos() / threads));
    causes.add(new LoaderStats.Cause("decompress", reads.decompressWaitNanos() / threads));
    causes.add(new LoaderStats.Cause("gather", gather.busyNanos.sum() / threads));
    causes.sort(Comparator.comparingLong(LoaderStats.Cause::nanos).reversed());
    return new LoaderStats(
        publishedBatches(),
        gather.samples.sum(),
        gather.bytes.sum(),
        badSamples.count(),
        System.nanoTime() - startNanos,
        consumerWaitNanos,
        List.of(lookAhead.snapshot("look-ahead"), gather.snapshot("gather")),
        causes,
        sources());
  }

  private long publishedBatches() {
    publishLock.lock();
    try {
      return batches;
    } finally {
      publishLock.unlock();
    }
  }

  /** Bad samples so far: shard, offset and reason of each, in the order they were met. */
  public List<BadSample> badSamples() {
    return badSamples.entries();
  }

  /**
   * Stops the threads, gives every lease back and closes the shards. The ring stays its owner's.
   * Later calls do nothing.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    threads.forEach(Thread::interrupt);
    for (Thread thread : threads) {
      joinUninterruptibly(thread);
    }
    works.drainTo(abandoned);
    abandoned.forEach(work -> work.discard(this));
    tasks.forEach(GatherTask::close);
    closeShards();
    side.ifPresent(CacheSession::close);
    cache.close();
  }

  private void closeShards() {
    try {
      ahead.close();
      if (shards != null) {
        shards.close();
      }
    } catch (IOException e) {
      LOG.warn("closing the shards of rank {} failed", plan.config().rank(), e);
    }
  }

  private static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
