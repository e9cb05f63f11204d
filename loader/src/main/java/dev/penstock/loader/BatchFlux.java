package dev.penstock.loader;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

/** Batches as a publisher: a thread of its own takes them, one for each that was asked for. */
final class BatchFlux {
  private final Loader loader;
  private final FluxSink<Batch> sink;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition asked = lock.newCondition();
  private long demand;

  private BatchFlux(Loader loader, FluxSink<Batch> sink) {
    this.loader = loader;
    this.sink = sink;
  }

  static Flux<Batch> of(Loader loader) {
    return Flux.<Batch>create(
            sink -> new BatchFlux(loader, sink).start(), FluxSink.OverflowStrategy.ERROR)
        .doOnDiscard(Batch.class, Batch::close);
  }

  private void start() {
    Thread thread = Thread.ofPlatform().name("penstock-flux").daemon().unstarted(this::emit);
    sink.onDispose(thread::interrupt);
    sink.onRequest(this::ask);
    thread.start();
  }

  private void ask(long count) {
    lock.lock();
    try {
      long sum = demand + count;
      demand = sum < 0 ? Long.MAX_VALUE : sum;
      asked.signal();
    } finally {
      lock.unlock();
    }
  }

  private void awaitDemand() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (demand == 0) {
        asked.await();
      }
      demand--;
    } finally {
      lock.unlock();
    }
  }

  private void emit() {
    try {
      while (!sink.isCancelled()) {
        awaitDemand();
        @Nullable Batch batch = loader.next();
        if (batch == null) {
          sink.complete();
          return;
        }
        if (sink.isCancelled()) {
          batch.close();
        } else {
          sink.next(batch);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // cancelled: nothing is in hand
    } catch (RuntimeException e) {
      sink.error(e); // the pipeline failed, or the loader was closed
    }
  }
}
