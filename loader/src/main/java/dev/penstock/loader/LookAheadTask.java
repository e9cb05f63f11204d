package dev.penstock.loader;

import dev.penstock.formats.ShardIndex;
import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.RankView;
import dev.penstock.sharding.StepSamples;
import java.io.IOException;

/**
 * Walks the plan ahead of the gather and asks the cache for the samples' bytes in the order of
 * need. The cache's quota blocks it when enough is under way.
 */
final class LookAheadTask implements Session.Ahead {
  private final Session session;
  private final PlannedSession plan;
  private final LargeFields large;

  LookAheadTask(Session session, PlannedSession plan) {
    this.session = session;
    this.plan = plan;
    this.large = new LargeFields(plan.schema());
  }

  @Override
  public void run() throws IOException, InterruptedException {
    RankView rank = plan.order().rank(plan.config().rank(), plan.config().world());
    StepSamples samples = new StepSamples();
    Cursor cursor = plan.start();
    long sequence = 0;
    while (!plan.order().ended(cursor, plan.config().epochs())) {
      long step = cursor.step();
      Cursor next = rank.fill(cursor, samples);
      plan.position(cursor, sequence);
      request(new BatchWork(sequence, step, next, samples, open(samples)));
      cursor = next;
      sequence++;
    }
    session.offer(BatchWork.end(sequence, cursor));
  }

  /** All that it holds goes with its batches. */
  @Override
  public void close() {}

  private ShardView[] open(StepSamples samples) throws IOException {
    ShardView[] shards = new ShardView[samples.count()];
    int opened = 0;
    try {
      while (opened < shards.length) {
        shards[opened] =
            session.shards().acquire(plan.shard(samples.source(opened), samples.shard(opened)));
        opened++;
      }
      return shards;
    } finally {
      if (opened < shards.length) {
        for (int i = 0; i < opened; i++) {
          session.release(shards[i]);
        }
      }
    }
  }

  private void request(BatchWork work) throws IOException, InterruptedException {
    try {
      session.offer(work);
    } catch (InterruptedException e) {
      work.discard(session);
      throw e;
    }
    long start = System.nanoTime();
    for (int row = 0; row < work.rows; row++) {
      ShardIndex index = work.shards[row].index;
      int ordinal = work.ordinals[row];
      if (index.isDamaged(ordinal)
          || (work.shards[row].inPlace && large.choose(work.shards[row], ordinal))) {
        work.add(null);
      } else {
        work.add(
            work.shards[row].source.request(
                index.sampleOffset(ordinal), index.sampleBytes(ordinal)));
      }
    }
    session.lookAhead.samples.add(work.rows);
    session.lookAhead.busyNanos.add(System.nanoTime() - start);
  }
}
