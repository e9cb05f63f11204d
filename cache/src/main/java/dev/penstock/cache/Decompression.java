package dev.penstock.cache;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.DecodeScheduler.Withdrawn;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;

/** Everything that compressed shards need, made when the first of them is opened. */
final class Decompression implements AutoCloseable {
  private final RamTier tier;
  private final DecodeMemory memory;
  private final DecodeScheduler scheduler;
  private final DecodeWorkers workers;

  Decompression(RamTier tier, OriginReads reads, ByteBudget budget, CacheConfig config) {
    this.tier = tier;
    this.memory = DecodeMemory.open(budget, config.decodeThreads(), config.decodeStreams());
    this.scheduler = new DecodeScheduler(memory, reads, budget, config.blockBytes());
    this.workers = new DecodeWorkers(scheduler, memory, tier, config.decodeThreads());
  }

  void demand(Decoding decoding, Share share, Missing missing) {
    scheduler.demand(decoding, share, missing);
  }

  /** A session ends: what it asked for and nobody else waits for is not decoded any more. */
  void cancel(Share share) {
    for (Withdrawn withdrawn : scheduler.withdraw(share)) {
      Block block = withdrawn.demand().block();
      OriginException closed =
          new OriginException(
              Kind.CANCELLED,
              Retry.TEMPORARY,
              block.object.stored().location(),
              "the session that asked for it was closed");
      if (!tier.giveUp(share, block, closed)) {
        scheduler.demandAgain(withdrawn);
      }
    }
  }

  /** See {@link StreamInputs#starvedNanos}. */
  long starvedNanos(Decoding decoding) {
    return scheduler.inputs().starvedNanos(decoding);
  }

  void releaseIdle() {
    scheduler.releaseIdle();
  }

  long decodedBytes() {
    return workers.decodedBytes();
  }

  long wastedBytes() {
    return workers.wastedBytes();
  }

  String describe() {
    return "%d of at most %d decode streams in use"
        .formatted(scheduler.streamCount(), memory.streams());
  }

  @Override
  public void close() {
    workers.close();
    scheduler.free();
    memory.close();
  }
}
