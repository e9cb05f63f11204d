package dev.penstock.cache;

import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameTable;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** The one implementation of {@link CacheSession}. */
final class OpenSession implements CacheSession {
  private final TieredBlockCache cache;
  private final Share share;
  private final Reader reader;
  private final AtomicInteger openLeases = new AtomicInteger();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final LongAdder fetchedBytes = new LongAdder();
  private final LongAdder ssdHitBytes = new LongAdder();
  private final LongAdder hitBytes = new LongAdder();
  private final LongAdder originWaitNanos = new LongAdder();
  private final LongAdder ssdWaitNanos = new LongAdder();
  private final LongAdder decompressWaitNanos = new LongAdder();
  private final LongAdder quotaWaitNanos = new LongAdder();

  OpenSession(TieredBlockCache cache, Share share, Reader reader) {
    this.cache = cache;
    this.share = share;
    this.reader = reader;
  }

  @Override
  public ByteSource open(
      int shard,
      StoredObject object,
      @Nullable Codec known,
      @Nullable FrameTable frames,
      long decodedBytes)
      throws IOException {
    CachedObject cached = tier().object(object, cache.originOf(object.location()), reader, shard);
    if (share.job.dataset() != 0) {
      cached.dataset = share.job.dataset();
    }
    if (known != null) {
      cached.codec = known;
    }
    Codec codec = cache.codecOf(cached);
    if (codec == Codec.NONE) {
      return PlainSource.of(this, cached);
    }
    Decoding decoding = cached.decoding(codec, frames, decodedBytes);
    return new DecodedSource(this, decoding, cache.decompression());
  }

  /** Pins the blocks of a range; what is missing is for the caller to fetch. */
  Block[] acquire(CachedObject object, boolean decoded, long offset, long length, Missing missing)
      throws InterruptedException, OriginException {
    int blockBytes = tier().blockBytes();
    long first = offset / blockBytes;
    long count = length == 0 ? 0 : (offset + length - 1) / blockBytes - first + 1;
    Block[] blocks = new Block[(int) Math.min(count, Integer.MAX_VALUE)];
    quotaWaitNanos.add(tier().acquire(share, reader, object, decoded, first, blocks, missing));
    fetchedBytes.add((long) missing.count * blockBytes);
    hitBytes.add((long) (blocks.length - missing.count) * blockBytes);
    return blocks;
  }

  /** Takes out of {@code missing} what the SSD tier has; {@link #startSsd} must follow. */
  SsdTier.@Nullable Hits takeFromSsd(Missing missing) {
    SsdTier ssd = cache.ssd();
    SsdTier.Hits hits = ssd == null ? null : ssd.take(missing);
    if (hits != null) {
      long bytes = (long) hits.count() * tier().blockBytes();
      fetchedBytes.add(-bytes);
      ssdHitBytes.add(bytes);
    }
    return hits;
  }

  /**
   * Reads what was taken; outside of the cache's lock, as it may wait for reads that need it.
   *
   * @param rest fetches a block that could not be read after all
   */
  void startSsd(SsdTier.@Nullable Hits hits, SsdTier.Rest rest) {
    SsdTier ssd = cache.ssd();
    if (ssd != null) {
      ssd.start(hits, share, rest);
    }
  }

  /** Charges the places that an exact read of {@code length} bytes will take. */
  int chargeExact(CachedObject object, long length) throws InterruptedException, OriginException {
    int count = (int) ((length + tier().blockBytes() - 1) / tier().blockBytes());
    quotaWaitNanos.add(tier().lent().charge(share, object, count));
    fetchedBytes.add(length);
    return count;
  }

  void awaitSettled(Block block) throws InterruptedException {
    long start = System.nanoTime();
    boolean ssd = block.fromSsd;
    Decoding decoding = block.decoded && !ssd ? block.object.decoding() : null;
    if (decoding == null) {
      block.awaitSettled();
      (ssd ? ssdWaitNanos : originWaitNanos).add(System.nanoTime() - start);
      return;
    }
    // A decoder that had no bytes to decode waited for the origin, and so did whoever waited for
    // it.
    Decompression decompression = cache.decompression();
    long before = decompression.starvedNanos(decoding);
    block.awaitSettled();
    long waited = System.nanoTime() - start;
    long starved = Math.min(waited, decompression.starvedNanos(decoding) - before);
    originWaitNanos.add(starved);
    decompressWaitNanos.add(waited - starved);
  }

  void leaseOpened() {
    openLeases.incrementAndGet();
  }

  void leaseClosed() {
    openLeases.decrementAndGet();
  }

  TieredBlockCache cache() {
    return cache;
  }

  RamTier tier() {
    return cache.tier();
  }

  Share share() {
    return share;
  }

  @Override
  public long pinnedBytesMax(long length) {
    long blockBytes = tier().blockBytes();
    return length == 0 ? 0 : ((length + blockBytes - 2) / blockBytes + 1) * blockBytes;
  }

  @Override
  public CacheSessionStats stats() {
    return new CacheSessionStats(
        fetchedBytes.sum(),
        ssdHitBytes.sum(),
        hitBytes.sum(),
        originWaitNanos.sum(),
        ssdWaitNanos.sum(),
        decompressWaitNanos.sum(),
        quotaWaitNanos.sum());
  }

  @Override
  public void close() {
    tier().stop(share);
    if (openLeases.get() > 0) {
      throw new IllegalStateException(
          "a cache session was closed with %d leases open".formatted(openLeases.get()));
    }
    if (!closed.compareAndSet(false, true)) {
      throw new IllegalStateException("a cache session was closed twice");
    }
    reader.end();
    cache.cancelDecoding(share);
    tier().close(share, reader);
    cache.sessionClosed();
  }
}
