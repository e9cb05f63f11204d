package dev.penstock.cache;

import dev.penstock.cache.RamTier.Missing;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.origin.RangeRead;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * Turns missing blocks into reads of the origin: adjacent ones in one request, submitted in the
 * order they are asked for; broken-off answers are resumed where they broke, temporary failures
 * tried again with growing pauses. Thread-safe.
 */
final class Fetches {
  /** First pause after a temporary failure; doubled each time. */
  private static final long FIRST_PAUSE_MILLIS = 5;

  /** An answer may break off this often without failing, as long as each brought some bytes. */
  private static final int RESUMES_MAX = 64;

  private final RamTier tier;
  private final OpenObjects open;
  private final ScheduledExecutorService later;
  private final int coalesceBlocks;
  private final int retriesMax;
  final LongAdder fetchedBytes = new LongAdder();
  final LongAdder retries = new LongAdder();

  Fetches(RamTier tier, OpenObjects open, ScheduledExecutorService later, CacheConfig config) {
    this.tier = tier;
    this.open = open;
    this.later = later;
    this.coalesceBlocks = config.coalesceBytes() / config.blockBytes();
    this.retriesMax = config.retries();
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
      start(share, object, missing, from, to);
      from = to;
    }
  }

  private void start(Share share, CachedObject object, Missing missing, int from, int to) {
    long size = object.stored().sizeBytes();
    long blockBytes = tier.blockBytes();
    Block[] blocks = Arrays.copyOfRange(missing.blocks, from, to);
    long[] slabOffsets = new long[blocks.length];
    for (int i = 0; i < blocks.length; i++) {
      slabOffsets[i] = tier.slabOffset(blocks[i].place);
    }
    long offset = blocks[0].number * blockBytes;
    long length = Math.min(size - offset, blocks.length * blockBytes);
    fetchedBytes.add(length);
    Fetch fetch = new Fetch(share, object, blocks, 0, 0, 0);
    fetch.submit(new RangeRead(offset, length, tier.slab(), slabOffsets, (int) blockBytes, fetch));
  }

  /** One request to the origin, or the rest of one. */
  private final class Fetch implements RangeRead.Sink {
    private final Share share;
    private final CachedObject object;
    private final Block[] blocks;
    private final int already;
    private final int resumes;
    private final int failures;
    private final AtomicInteger open;

    /** {@code already}: bytes in place when this is the rest of one block. */
    Fetch(
        Share share, CachedObject object, Block[] blocks, int already, int resumes, int failures) {
      this.share = share;
      this.object = object;
      this.blocks = blocks;
      this.already = already;
      this.resumes = resumes;
      this.failures = failures;
      this.open = new AtomicInteger(blocks.length);
    }

    void submit(RangeRead read) {
      OpenObject handle;
      try {
        handle = Fetches.this.open.acquire(object);
      } catch (OriginException failure) {
        for (Block block : blocks) {
          tier.failed(share, block, failure);
        }
        return;
      }
      handle.read(read);
      handle.flush();
    }

    @Override
    public void arrived(int place, int bytes) {
      Block block = blocks[place];
      int wanted = wantedBytes(block) - already;
      if (bytes == wanted) {
        tier.fetched(share, block, already + bytes);
      } else if (bytes > 0 && resumes < RESUMES_MAX) {
        retries.increment();
        later.execute(guarded(block, () -> rest(block, already + bytes, resumes + 1, failures)));
      } else {
        later.execute(guarded(block, () -> endedEarly(block, already + bytes)));
      }
      answered();
    }

    @Override
    public void failed(int place, OriginException failure) {
      Block block = blocks[place];
      if (failure.retry() != Retry.TEMPORARY) {
        tier.failed(share, block, failure);
      } else if (failures >= retriesMax) {
        tier.failed(share, block, persistent(failure, failures + 1));
      } else {
        retries.increment();
        var _ =
            later.schedule(
                guarded(block, () -> rest(block, already, resumes, failures + 1)),
                FIRST_PAUSE_MILLIS << failures,
                TimeUnit.MILLISECONDS);
      }
      answered();
    }

    /** Whatever goes wrong on the helper thread, whoever waits for the block must hear of it. */
    private Runnable guarded(Block block, Runnable step) {
      return () -> {
        try {
          step.run();
        } catch (RuntimeException failure) {
          tier.failed(share, block, new IOException(object + ": " + failure, failure));
        }
      };
    }

    private void answered() {
      if (open.decrementAndGet() == 0) {
        Fetches.this.open.release(object);
      }
    }

    private void rest(Block block, int inPlace, int resumed, int failed) {
      Fetch fetch = new Fetch(share, object, new Block[] {block}, inPlace, resumed, failed);
      fetch.submit(
          new RangeRead(
              block.number * tier.blockBytes() + inPlace,
              wantedBytes(block) - inPlace,
              tier.slab(),
              new long[] {tier.slabOffset(block.place) + inPlace},
              tier.blockBytes(),
              fetch));
    }

    private void endedEarly(Block block, int found) {
      long offset = block.number * tier.blockBytes();
      OriginException failure;
      try {
        OpenObject handle = Fetches.this.open.acquire(object);
        failure = handle.endedEarly(offset, wantedBytes(block), found);
        Fetches.this.open.release(object);
      } catch (OriginException changed) {
        failure = changed;
      }
      tier.failed(share, block, failure);
    }

    private int wantedBytes(Block block) {
      long offset = block.number * tier.blockBytes();
      return (int) Math.min(tier.blockBytes(), object.stored().sizeBytes() - offset);
    }
  }

  static OriginException persistent(OriginException failure, int attempts) {
    return new OriginException(
            failure.kind(),
            Retry.PERSISTENT,
            failure.location(),
            failure.offset(),
            failure.length(),
            "failed %d times, the last time: %s".formatted(attempts, failure.getMessage()))
        .causedBy(failure);
  }
}
