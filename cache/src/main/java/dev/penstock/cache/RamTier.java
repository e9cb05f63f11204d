package dev.penstock.cache;

import dev.penstock.bridge.BlockPool;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.cache.ssd.ObjectId;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The blocks in memory: pool, table, pins, quotas and eviction, all under one lock that is held for
 * well under a microsecond a block and never across input or output.
 *
 * <p>Every block's place is, at any time, exactly one of: free in the pool; in the table and pinned
 * (by leases, or by the fetch that fills it); in the table and evictable; out of the table after a
 * failure, until its last lease closes; or lent without a block (an exact read).
 */
final class RamTier implements AutoCloseable {
  private final BlockPool pool;
  private final boolean keepsUnpinned;
  private final ReentrantLock lock = new ReentrantLock();
  private final BlockTable table;
  private final Eviction eviction;
  private final List<Reader> readers = new ArrayList<>();
  private final ObjectRegistry objects = new ObjectRegistry();
  private final Places places;
  private final Pins pins;
  private final LentPlaces lent;
  private final Reader.RequestClock clock = new Reader.RequestClock();
  private int quotaBlocks;

  /**
   * Who pins blocks that decoding passes and keeps, until they are full. They may take places that
   * sessions have a right to; a session waits for them then, and may, as filling them needs nothing
   * that a session could hold.
   */
  private final Share passingShare = new Share(Integer.MAX_VALUE, lock.newCondition(), Job.NONE);

  /**
   * Who pins blocks that are being written to the SSD tier. Its places are beyond those that
   * sessions may have, so nobody ever waits for a write.
   */
  private final Share writingShare;

  private @Nullable SsdTier ssd;
  private long hitBlocks;
  private long unwrittenBlocks;

  /** {@code writes}: blocks that may be on their way to the SSD tier, at most. */
  RamTier(ByteBudget budget, CacheConfig config, int writes) {
    int count = Math.toIntExact(config.poolBytes() / config.blockBytes()) + writes;
    this.writingShare = new Share(writes, lock.newCondition(), Job.NONE);
    this.quotaBlocks = writes;
    this.pool = BlockPool.open(budget, "block cache", config.blockBytes(), count);
    this.keepsUnpinned = config.ramTier();
    this.table = new BlockTable(count);
    this.eviction = new Eviction(readers);
    objects.sampleFor(count);
    this.places = new Places(pool, table, eviction, objects);
    this.pins = new Pins(eviction, places, keepsUnpinned);
    this.lent = new LentPlaces(lock, places, pool.blockBytes(), passingShare);
  }

  /** Where blocks may be kept beyond this tier; before the first session. */
  void below(SsdTier tier) {
    ssd = tier;
    objects.sampleFor(pool.blockCount() + tier.slots());
  }

  int sampleBlocks() {
    return objects.sampleBlocks();
  }

  MemorySegment slab() {
    return pool.slab();
  }

  int blockBytes() {
    return pool.blockBytes();
  }

  long slabOffset(int place) {
    return pool.offset(place);
  }

  /** Whether unpinned blocks stay; otherwise a block goes with its last lease. */
  boolean keepsUnpinned() {
    return keepsUnpinned;
  }

  /** Places for bytes that are no block: exact reads. */
  LentPlaces lent() {
    return lent;
  }

  Share openShare(long quotaBytes, Job job) {
    lock.lock();
    try {
      int wanted = (int) Math.min(Integer.MAX_VALUE, quotaBytes / pool.blockBytes());
      int free = pool.blockCount() - quotaBlocks;
      if (wanted < 1 || wanted > free) {
        throw Failures.quotaRefused(quotaBytes, free, pool);
      }
      quotaBlocks += wanted;
      if (ssd != null) {
        ssd.opened(job);
      }
      return new Share(wanted, lock.newCondition(), job);
    } finally {
      lock.unlock();
    }
  }

  Reader openReader(NextUse nextUse) {
    lock.lock();
    try {
      Reader reader = new Reader(nextUse, clock);
      readers.add(reader);
      eviction.rescore();
      return reader;
    } finally {
      lock.unlock();
    }
  }

  /** Refuses further requests of a share; those that wait for room fail. */
  void stop(Share share) {
    lock.lock();
    try {
      share.closed = true;
      share.room.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the share's fetches in flight, then gives its quota and its plan back. */
  void close(Share share, Reader reader) {
    lock.lock();
    try {
      while (share.chargedBlocks > 0) {
        share.room.awaitUninterruptibly();
      }
      quotaBlocks -= share.quotaBlocks;
      if (ssd != null) {
        ssd.closed(share.job);
      }
      readers.remove(reader);
      objects.removePlans(reader);
      eviction.rescore();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes what follows one step, until {@link #leave}: nobody else finds, adds or gives up blocks
   * meanwhile. May be nested; waits inside it let others in, as they do anyway.
   */
  void enter() {
    lock.lock();
  }

  /** Ends what {@link #enter} began. */
  void leave() {
    lock.unlock();
  }

  /** The object for a stored one, known by location and version; {@code reader} will read it. */
  CachedObject object(StoredObject stored, Origin origin, Reader reader, int shard) {
    lock.lock();
    try {
      return objects.open(stored, origin, pool.blockBytes(), reader, shard);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Pins blocks {@code first}, {@code first + 1}, … for {@code share} into {@code blocks}; those
   * that nobody has fetched yet are made, pinned once more for the fetch, and added to {@code
   * missing}. Waits while the share's quota is used up; returns the nanoseconds that took.
   */
  long acquire(
      Share share,
      Reader reader,
      CachedObject object,
      boolean decoded,
      long first,
      Block[] blocks,
      Missing missing)
      throws InterruptedException, OriginException {
    lock.lockInterruptibly();
    try {
      long waited = awaitRoom(share, object, decoded, first, blocks.length);
      reader.requested();
      long step = reader.step();
      // What is there is pinned first, so that no place is taken from it for what is missing.
      for (int i = 0; i < blocks.length; i++) {
        Block block = table.find(object, decoded, first + i);
        if (block != null) {
          pins.pin(block, share);
          blocks[i] = block;
          hitBlocks++;
          if (!block.isSettled()) {
            block.neededBy(reader, step);
          }
        }
      }
      for (int i = 0; i < blocks.length; i++) {
        if (blocks[i] == null) {
          Block block = addBlock(object, decoded, first + i, share);
          pins.pin(block, share);
          block.neededBy(reader, step);
          blocks[i] = block;
          missing.add(block);
        }
      }
      return waited;
    } finally {
      lock.unlock();
    }
  }

  /** A new block of the table, pinned by {@code share} for whoever fills it. */
  private Block addBlock(CachedObject object, boolean decoded, long number, Share share) {
    Block block = new Block(object, decoded, number, places.take());
    places.add(block);
    pins.pin(block, share);
    return block;
  }

  private long awaitRoom(Share share, CachedObject object, boolean decoded, long first, int count)
      throws InterruptedException, OriginException {
    if (count > share.quotaBlocks) {
      throw Failures.rangeTooLarge(share, object, count, pool.blockBytes());
    }
    long waited = 0;
    while (true) {
      Failures.refuseClosed(share, object);
      int needed = 0;
      for (int i = 0; i < count; i++) {
        Block block = table.find(object, decoded, first + i);
        needed += block == null || block.pinOf(share) == null ? 1 : 0;
      }
      if (share.chargedBlocks + needed > share.quotaBlocks) {
        waited += awaitRoom(share);
      } else if (places.available() < needed && passingShare.chargedBlocks > 0) {
        waited += awaitRoom(passingShare);
      } else {
        return waited;
      }
    }
  }

  @SuppressWarnings("WaitNotInLoop") // All callers loop, and check more than this share's room.
  static long awaitRoom(Share share) throws InterruptedException {
    long start = System.nanoTime();
    share.room.await();
    return System.nanoTime() - start;
  }

  /** Ends a lease's pins. */
  void release(Share share, Block[] blocks) {
    lock.lock();
    try {
      for (int i = blocks.length - 1; i >= 0; i--) {
        pins.unpin(blocks[i], share);
      }
    } finally {
      lock.unlock();
    }
  }

  /** A fetch that {@code share} started has put {@code bytes} into the block. */
  void fetched(Share share, Block block, int bytes) {
    fetched(share, share.job, block, bytes);
  }

  /** The same for a job: the one of {@code share}, unless that is {@link #passingShare}. */
  void fetched(Share share, Job job, Block block, int bytes) {
    block.settle(bytes);
    lock.lock();
    try {
      SsdTier below = ssd;
      if (below == null || !block.inTable || block.fromSsd) {
        return;
      }
      if (writingShare.chargedBlocks == writingShare.quotaBlocks) {
        unwrittenBlocks += below.wants(block, job, bytes) ? 1 : 0;
      } else {
        SsdTier.Target target = below.admit(block, job, bytes);
        if (target != null) {
          pins.pin(block, writingShare);
          // Queued before the session may end, and with it the devices: nobody would write it then.
          target.write(this, block);
        }
      }
    } finally {
      pins.unpin(block, share);
      lock.unlock();
    }
  }

  /** The SSD tier has the block, or has given up writing it. */
  void written(Block block) {
    release(writingShare, new Block[] {block});
  }

  /** See {@link Eviction#standing}. Only inside {@link #enter} and {@link #leave}. */
  long standing(ObjectId object, boolean decoded, long number, SampleBand band, int age) {
    return eviction.standing(objects.find(object), decoded, number, band, age);
  }

  /** How many places keep blocks that no session has pinned, once the pool is full. */
  int keptBlocks() {
    return keepsUnpinned ? Math.max(0, pool.blockCount() - quotaBlocks) : 0;
  }

  /**
   * A fetch that {@code share} started has failed; the block is not kept. Nobody finds it any more
   * when those who wait are told: their next request is a new attempt.
   */
  void failed(Share share, Block block, IOException failure) {
    lock.lock();
    try {
      places.drop(block);
      block.settleFailed(failure);
      pins.unpin(block, share);
    } finally {
      lock.unlock();
    }
  }

  Share passingShare() {
    return passingShare;
  }

  /**
   * A block for decoded bytes that nobody has asked for yet but some plan needs soon, if a place
   * can be had without taking it from bytes that are needed sooner; pinned by {@link
   * #passingShare}.
   */
  @Nullable Block passing(CachedObject object, long number) {
    lock.lock();
    try {
      if (table.find(object, true, number) != null
          || !eviction.wouldKeep(object, number, pool.freeCount() > 0)) {
        return null;
      }
      return addBlock(object, true, number, passingShare);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Gives up a block whose fetch {@code share} has asked for, unless anything but that fetch pins
   * it; returns whether it is given up. One step: nobody finds the block in between and then gets
   * the failure of a session that is not theirs.
   */
  boolean giveUp(Share share, Block block, IOException failure) {
    lock.lock();
    try {
      if (!pins.isOnlyPin(block, share)) {
        return false;
      }
      places.drop(block);
    } finally {
      lock.unlock();
    }
    failed(share, block, failure);
    return true;
  }

  CacheStats stats(
      long fetchedBytes,
      long retries,
      long decodedBytes,
      long wastedBytes,
      int openObjects,
      SsdDevices.Total below) {
    lock.lock();
    try {
      return new CacheStats(
          fetchedBytes,
          hitBlocks * pool.blockBytes(),
          places.evictions(),
          retries,
          decodedBytes,
          wastedBytes,
          openObjects,
          table.size(),
          pool.blockCount(),
          pool.freeCount(),
          below.hitBytes(),
          below.writtenBytes(),
          unwrittenBlocks,
          below.blocks(),
          below.slots(),
          below.corrupt(),
          below.failures(),
          below.unusable());
    } finally {
      lock.unlock();
    }
  }

  String describe() {
    return "%s, %d promised to sessions".formatted(places.describe(), quotaBlocks);
  }

  /** Drops everything; all sessions must be closed. */
  @Override
  public void close() {
    lock.lock();
    try {
      places.freeEvictable();
    } finally {
      lock.unlock();
    }
    pool.close();
  }
}
