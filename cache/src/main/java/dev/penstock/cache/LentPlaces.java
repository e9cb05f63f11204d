package dev.penstock.cache;

import dev.penstock.cache.origin.OriginException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Places of the RAM tier's pool that are lent without a block, for exact reads: charged to a
 * session's quota when they are asked for, taken when they are read. Thread-safe, by the tier's
 * lock.
 */
final class LentPlaces {
  private final ReentrantLock lock;
  private final Places places;
  private final int blockBytes;

  /** Whose blocks are waited for where they hold the places that a session has a right to. */
  private final Share passing;

  LentPlaces(ReentrantLock lock, Places places, int blockBytes, Share passing) {
    this.lock = lock;
    this.places = places;
    this.blockBytes = blockBytes;
    this.passing = passing;
  }

  /** Charges {@code count} places that {@link #lend} will hand out; returns how long it waited. */
  long charge(Share share, CachedObject object, int count)
      throws InterruptedException, OriginException {
    lock.lockInterruptibly();
    try {
      if (count > share.quotaBlocks) {
        throw Failures.rangeTooLarge(share, object, count, blockBytes);
      }
      long waited = 0;
      Failures.refuseClosed(share, object);
      while (share.chargedBlocks + count > share.quotaBlocks) {
        waited += RamTier.awaitRoom(share);
        Failures.refuseClosed(share, object);
      }
      share.charge(count);
      return waited;
    } finally {
      lock.unlock();
    }
  }

  /** Hands out a place that was charged before. */
  int lend() {
    lock.lock();
    try {
      while (places.available() == 0 && passing.chargedBlocks > 0) {
        passing.room.awaitUninterruptibly();
      }
      return places.lend();
    } finally {
      lock.unlock();
    }
  }

  /** Takes back {@code count} lent places, the last lent first out again, and their charge. */
  void giveBack(Share share, int charged, int[] lent, int count) {
    lock.lock();
    try {
      places.giveBackLent(lent, count);
      share.refund(charged);
    } finally {
      lock.unlock();
    }
  }
}
