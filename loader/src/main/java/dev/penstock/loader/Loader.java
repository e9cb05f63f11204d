package dev.penstock.loader;

import dev.penstock.bridge.BudgetExceededException;
import dev.penstock.sharding.StepPlan;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * The door of the process: batches of a dataset in a promised order, as a blocking iterator or as a
 * {@link Flux}. One consumer reads it, once; the loader and every batch are closed by the consumer.
 *
 * <pre>{@code
 * LoaderConfig config = LoaderConfig.builder("train-{000000..000146}.tar").batchSize(256).build();
 * try (Loader loader = Loader.open(config)) {
 *   for (Batch batch : loader) {
 *     try (batch) {
 *       train(batch.values("emb"), batch.values("cls"));
 *     }
 *   }
 * }
 * }</pre>
 */
public final class Loader implements Iterable<Batch>, AutoCloseable {
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final Engine engine;
  private final SessionPlan plan;
  private final LocalRing ring;
  private final Session session;
  private final Map<String, Integer> columnNumbers;
  private final AtomicBoolean taken = new AtomicBoolean();
  private final LongAdder waitNanos = new LongAdder();
  private boolean ended;
  private boolean closed;

  private Loader(Engine engine, SessionPlan plan, LocalRing ring, Session session) {
    this.engine = engine;
    this.plan = plan;
    this.ring = ring;
    this.session = session;
    this.columnNumbers = plan.schema().columnNumbers();
  }

  /**
   * Opens the dataset (building missing shard indexes) and starts reading ahead.
   *
   * @throws IOException if shards cannot be found or read
   * @throws IllegalArgumentException if the configuration does not fit the data or the cursor
   * @throws MemoryTooSmallException if the memory budget is too small, with one that would do
   */
  public static Loader open(LoaderConfig config) throws IOException {
    return open(config, Engine.open(config.engine()));
  }

  /** The same over an engine that the loader closes. */
  static Loader open(LoaderConfig config, Engine engine) throws IOException {
    LocalRing ring = null;
    try {
      SessionPlan plan = engine.plan(config.session());
      ring = ring(engine, config, plan);
      Session session = engine.start(plan, ring, failure -> {});
      return new Loader(engine, plan, ring, session);
    } catch (IOException | RuntimeException | Error e) {
      Closing.after(e, ring == null ? List.of(engine) : List.of(ring, engine));
      throw e;
    }
  }

  private static LocalRing ring(Engine engine, LoaderConfig config, SessionPlan plan) {
    try {
      return new LocalRing(engine.budget(), config.slots(), plan.slotBytes());
    } catch (BudgetExceededException e) {
      throw MemoryTooSmallException.forSlots(config, plan, e);
    }
  }

  /**
   * The next batch, waiting for it; null after the last one.
   *
   * @throws PipelineFailedException if a stage failed; earlier batches were all good
   * @throws IllegalStateException if the loader is closed, or is closed while this waits
   * @throws InterruptedException if the waiting thread is interrupted
   */
  public @Nullable Batch next() throws InterruptedException {
    if (ended) {
      return null;
    }
    long start = System.nanoTime();
    Slot slot = ring.take(0);
    while (slot == null) {
      ensureOpen();
      Optional<PipelineFailedException> failure = session.failure();
      slot = ring.take(failure.isPresent() ? 0 : POLL_NANOS);
      if (slot == null && failure.isPresent()) {
        throw failure.get();
      }
    }
    waitNanos.add(System.nanoTime() - start);
    return taken(slot);
  }

  private synchronized void ensureOpen() {
    if (closed) {
      throw new IllegalStateException("the loader is closed");
    }
  }

  /** Under the lock of {@link #close}, which frees the slots: nothing checks access to them. */
  private synchronized @Nullable Batch taken(Slot slot) {
    ensureOpen();
    if ((SlotLayout.readInt(slot, SlotLayout.FLAGS) & SlotLayout.FLAG_END) != 0) {
      ended = true;
      ring.release(slot);
      return null;
    }
    return new Batch(plan.schema(), columnNumbers, slot, () -> ring.release(slot));
  }

  /**
   * The batches from here on. {@code hasNext} waits; an interrupt while it waits restores the flag
   * and ends with a {@link PipelineFailedException}. May be asked for once.
   */
  @Override
  public Iterator<Batch> iterator() {
    takeOver();
    return new Iterator<>() {
      private @Nullable Batch ahead;

      @Override
      public boolean hasNext() {
        if (ahead == null) {
          ahead = nextOrFail();
        }
        return ahead != null;
      }

      @Override
      public Batch next() {
        if (!hasNext() || ahead == null) {
          throw new NoSuchElementException("the run has ended");
        }
        Batch batch = ahead;
        ahead = null;
        return batch;
      }
    };
  }

  private @Nullable Batch nextOrFail() {
    try {
      return next();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PipelineFailedException("consumer", e);
    }
  }

  /**
   * The batches from here on, as a publisher for one subscriber: batches are taken only on demand,
   * and each is the subscriber's to close. Cancelling closes what was not handed over; the loader
   * itself stays to be closed.
   */
  public Flux<Batch> flux() {
    takeOver();
    return BatchFlux.of(this);
  }

  private void takeOver() {
    if (!taken.compareAndSet(false, true)) {
      throw new IllegalStateException("this loader is being read already; open another one");
    }
  }

  /**
   * The order that is being read.
   *
   * @throws IllegalStateException in the order of arrival, which has no plan
   */
  public StepPlan plan() {
    return plan.order();
  }

  /** The planned session: columns, dataset, slot size. */
  public SessionPlan sessionPlan() {
    return plan;
  }

  /** The engine under this loader, which closes it; for metrics. */
  public Engine engine() {
    return engine;
  }

  /** The running session, which this loader closes; for metrics. */
  public Session session() {
    return session;
  }

  /** Counters up to now. */
  public LoaderStats stats() {
    return session.stats(waitNanos.sum());
  }

  /** Readers and tiers in use, for people. */
  public String description() {
    return engine.description();
  }

  /** Bad samples so far. */
  public List<BadSample> badSamples() {
    return session.badSamples();
  }

  /** Stops reading and frees everything; batches not yet closed become invalid. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    session.close();
    ring.close();
    engine.close();
  }
}
