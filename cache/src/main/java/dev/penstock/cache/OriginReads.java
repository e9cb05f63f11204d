package dev.penstock.cache;

import dev.penstock.bridge.Scatter;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.origin.RangeRead;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Reads that see to their own bad luck: answers that break off are resumed at the byte where they
 * broke, temporary failures are tried again after growing pauses. Thread-safe.
 */
final class OriginReads {
  /** First pause after a temporary failure; doubled each time. */
  private static final long FIRST_PAUSE_MILLIS = 5;

  /** An answer may break off this often without failing, as long as each brought some bytes. */
  private static final int RESUMES_MAX = 64;

  private final OpenObjects open;
  private final ScheduledExecutorService later;
  private final int retriesMax;
  private final LongAdder fetchedBytes = new LongAdder();
  private final LongAdder retries = new LongAdder();

  /** Told of each block of a read exactly once, on any thread; must not block. */
  interface Receiver {
    /** All bytes of the block are in place. */
    void complete(int block);

    /** They cannot be had. */
    void failed(int block, IOException failure);

    /** See {@link RangeRead.Sink#slackNanos}. */
    default long slackNanos() {
      return RangeRead.Sink.UNKNOWN;
    }
  }

  OriginReads(OpenObjects open, ScheduledExecutorService later, int retriesMax) {
    this.open = open;
    this.later = later;
    this.retriesMax = retriesMax;
  }

  long fetchedBytes() {
    return fetchedBytes.sum();
  }

  long retries() {
    return retries.sum();
  }

  /**
   * Starts reading a range, which must end inside the object, into blocks of {@code slab}. Returns
   * the read, for whoever begins to wait for it; null if it failed at once.
   */
  @Nullable RangeRead start(
      CachedObject object,
      long offset,
      long length,
      MemorySegment slab,
      long[] slabOffsets,
      int blockBytes,
      Receiver receiver) {
    fetchedBytes.add(length);
    Attempt whole = new Attempt(object, slab, slabOffsets, blockBytes, receiver, 0, 0, 0);
    return whole.submit(offset, length);
  }

  /** One request to the origin: a whole read, or the rest of one of its blocks. */
  private final class Attempt implements RangeRead.Sink {
    private final CachedObject object;
    private final MemorySegment slab;
    private final long[] slabOffsets;
    private final int blockBytes;
    private final Receiver receiver;
    private final int firstBlock;
    private final int resumes;
    private final int failures;
    private final AtomicInteger unanswered;
    private long offset;
    private long length;

    Attempt(
        CachedObject object,
        MemorySegment slab,
        long[] slabOffsets,
        int blockBytes,
        Receiver receiver,
        int firstBlock,
        int resumes,
        int failures) {
      this.object = object;
      this.slab = slab;
      this.slabOffsets = slabOffsets;
      this.blockBytes = blockBytes;
      this.receiver = receiver;
      this.firstBlock = firstBlock;
      this.resumes = resumes;
      this.failures = failures;
      this.unanswered = new AtomicInteger(slabOffsets.length);
    }

    @Nullable RangeRead submit(long fromOffset, long bytes) {
      offset = fromOffset;
      length = bytes;
      OpenObject handle;
      try {
        handle = open.acquire(object);
      } catch (OriginException failure) {
        for (int block = 0; block < slabOffsets.length; block++) {
          againOrFail(block, failure.at(blockOffset(block), wantedBytes(block)));
        }
        return null;
      }
      RangeRead read = new RangeRead(offset, length, slab, slabOffsets, blockBytes, this);
      handle.read(read);
      handle.flush();
      return read;
    }

    @Override
    public void arrived(int block, int bytes) {
      answered();
      if (bytes == wantedBytes(block)) {
        receiver.complete(firstBlock + block);
      } else if (bytes > 0 && resumes < RESUMES_MAX) {
        retries.increment();
        later.execute(guarded(block, () -> rest(block, bytes, resumes + 1, failures)));
      } else {
        later.execute(guarded(block, () -> endedEarly(block, bytes)));
      }
    }

    @Override
    public void failed(int block, OriginException failure) {
      answered();
      againOrFail(block, failure);
    }

    @Override
    public long slackNanos() {
      return receiver.slackNanos();
    }

    private void againOrFail(int block, OriginException failure) {
      if (failure.retry() != Retry.TEMPORARY) {
        receiver.failed(firstBlock + block, failure);
      } else if (failures >= retriesMax) {
        receiver.failed(firstBlock + block, persistent(failure, failures + 1));
      } else {
        retries.increment();
        var _ =
            later.schedule(
                guarded(block, () -> rest(block, 0, resumes, failures + 1)),
                pauseMillis(failures),
                TimeUnit.MILLISECONDS);
      }
    }

    /** Whatever goes wrong on the helper thread, whoever waits for the block must hear of it. */
    private Runnable guarded(int block, Runnable step) {
      return () -> {
        try {
          step.run();
        } catch (RuntimeException failure) {
          receiver.failed(firstBlock + block, new IOException(object + ": " + failure, failure));
        }
      };
    }

    /** Before the receiver is told: who hears of the last block may close the object. */
    private void answered() {
      if (unanswered.decrementAndGet() == 0) {
        open.release(object);
      }
    }

    private void rest(int block, int inPlace, int resumed, int failed) {
      long[] target = {slabOffsets[block] + inPlace};
      Attempt attempt =
          new Attempt(
              object, slab, target, blockBytes, receiver, firstBlock + block, resumed, failed);
      var _ = attempt.submit(blockOffset(block) + inPlace, wantedBytes(block) - inPlace);
    }

    private void endedEarly(int block, int found) {
      OriginException failure;
      try {
        OpenObject handle = open.acquire(object);
        failure = handle.endedEarly(blockOffset(block), wantedBytes(block), found);
        open.release(object);
      } catch (OriginException changed) {
        failure = changed;
      }
      receiver.failed(firstBlock + block, failure);
    }

    private long blockOffset(int block) {
      return offset + (long) block * blockBytes;
    }

    private int wantedBytes(int block) {
      return (int) Math.min(blockBytes, length - (long) block * blockBytes);
    }
  }

  /**
   * Reads on the calling thread; returns how many bytes, fewer than {@code length} only at the end
   * of the object.
   */
  int now(CachedObject object, long offset, MemorySegment target, long targetOffset, int length)
      throws OriginException {
    int wanted = (int) Math.min(length, object.stored().sizeBytes() - offset);
    if (wanted <= 0) {
      return 0;
    }
    return (int)
        withRetries(object, handle -> handle.readNow(offset, target, targetOffset, wanted));
  }

  /** Reads on the calling thread into several places; the range must end inside the object. */
  void now(CachedObject object, long offset, Scatter target) throws OriginException {
    withRetries(object, handle -> handle.readNow(offset, target));
  }

  private interface NowRead {
    long from(OpenObject handle) throws OriginException;
  }

  private long withRetries(CachedObject object, NowRead read) throws OriginException {
    for (int failures = 0; ; failures++) {
      try {
        return attempt(object, read);
      } catch (OriginException failure) {
        if (failure.retry() != Retry.TEMPORARY) {
          throw failure;
        }
        if (failures >= retriesMax) {
          throw persistent(failure, failures + 1);
        }
        retries.increment();
        pause(object, failures);
      }
    }
  }

  private long attempt(CachedObject object, NowRead read) throws OriginException {
    OpenObject handle = open.acquire(object);
    try {
      return read.from(handle);
    } finally {
      open.release(object);
    }
  }

  private static void pause(CachedObject object, int failures) throws OriginException {
    try {
      Thread.sleep(pauseMillis(failures));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw Failures.interrupted(object.stored().location());
    }
  }

  private static long pauseMillis(int failures) {
    return FIRST_PAUSE_MILLIS << Math.min(failures, 10);
  }

  private static OriginException persistent(OriginException failure, int attempts) {
    return failure.retold(
        Retry.PERSISTENT,
        "failed %d times, the last time: %s".formatted(attempts, failure.reason()));
  }
}
