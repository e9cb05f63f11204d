package dev.penstock.cache;

import dev.penstock.cache.origin.RangeRead;
import java.io.IOException;

/**
 * Turns missing stored blocks into reads of the origin, adjacent ones in one request, submitted in
 * the order they are asked for. Thread-safe.
 */
final class Fetches {
  private final RamTier tier;
  private final OriginReads reads;
  private final int coalesceBlocks;

  Fetches(RamTier tier, OriginReads reads, CacheConfig config) {
    this.tier = tier;
    this.reads = reads;
    this.coalesceBlocks = config.coalesceBytes() / config.blockBytes();
  }

  /** Starts fetching stored blocks of one object, ascending; each is settled exactly once. */
  void start(Share share, CachedObject object, Missing missing) {
    int from = 0;
    while (from < missing.count) {
      int to = from + 1;
      while (to < missing.count
          && to - from < coalesceBlocks
          && missing.blocks[to].number == missing.blocks[to - 1].number + 1) {
        to++;
      }
      start(share, object, missing.blocks, from, to);
      from = to;
    }
  }

  private void start(Share share, CachedObject object, Block[] missing, int from, int to) {
    int blockBytes = tier.blockBytes();
    long[] slabOffsets = new long[to - from];
    for (int i = from; i < to; i++) {
      slabOffsets[i - from] = tier.slabOffset(missing[i].place);
    }
    long size = object.stored().sizeBytes();
    long offset = missing[from].number * blockBytes;
    long length = Math.min(size - offset, (long) slabOffsets.length * blockBytes);
    RangeRead read =
        reads.start(
            object,
            offset,
            length,
            tier.slab(),
            slabOffsets,
            blockBytes,
            new OriginReads.Receiver() {
              @Override
              public void complete(int block) {
                Block done = missing[from + block];
                tier.fetched(
                    share, done, (int) Math.min(blockBytes, size - done.number * blockBytes));
              }

              @Override
              public void failed(int block, IOException failure) {
                tier.failed(share, missing[from + block], failure);
              }

              @Override
              public long slackNanos() {
                long least = NextUse.UNKNOWN;
                for (int i = from; i < to; i++) {
                  least = Math.min(least, missing[i].slackNanos());
                }
                return least;
              }
            });
    for (int i = from; read != null && i < to; i++) {
      missing[i].comesBy(read);
    }
  }
}
