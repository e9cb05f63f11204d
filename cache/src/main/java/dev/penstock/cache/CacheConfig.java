package dev.penstock.cache;

import dev.penstock.bridge.BlockReaderConfig;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.origin.FileOrigin;

/**
 * How large the cache is and how it reads.
 *
 * @param blockBytes size of a block: a power of two from 4 KiB to 16 MiB. At 512 KiB a local disk
 *     gives its full bandwidth and a block still fits a core's second-level cache
 * @param poolBytes memory for blocks, at least one block
 * @param ramTier whether blocks stay after their last lease until their place is needed; without it
 *     a block goes with its last lease
 * @param readMode how local files are read
 * @param queueDepth reads of local files in flight, at most
 * @param decodeThreads threads that decompress
 * @param decodeStreams places in compressed shards that are decompressed at the same time, at most;
 *     each costs its decoder's window and three input chunks
 * @param coalesceBytes adjacent blocks are asked for in one request of at most this size
 * @param openObjects handles kept open beyond those in use
 * @param retries how often a temporary failure is tried again before it fails
 */
public record CacheConfig(
    int blockBytes,
    long poolBytes,
    boolean ramTier,
    ReadMode readMode,
    int queueDepth,
    int decodeThreads,
    int decodeStreams,
    int coalesceBytes,
    int openObjects,
    int retries) {
  /**
   * Bytes that a place in a compressed shard reads at a time: enough to keep a disk busy and a
   * decoder fed.
   */
  public static final int DECODE_CHUNK_BYTES = 256 << 10;

  /** How many of these it reads ahead; three hide one read behind another. */
  public static final int DECODE_CHUNKS = 3;

  /** Checks the numbers. */
  public CacheConfig {
    check(Integer.bitCount(blockBytes) == 1, "block size must be a power of two", blockBytes);
    check(
        blockBytes >= 4096 && blockBytes <= 16 << 20,
        "block size must be 4 KiB to 16 MiB",
        blockBytes);
    check(poolBytes >= blockBytes, "the pool must hold one block at least", poolBytes);
    check(queueDepth >= 1, "queue depth must be positive", queueDepth);
    check(decodeThreads >= 1, "there must be a decode thread", decodeThreads);
    check(decodeStreams >= 1, "there must be a decode stream", decodeStreams);
    check(coalesceBytes >= blockBytes, "a request must hold a block at least", coalesceBytes);
    check(openObjects >= 0, "open objects must not be negative", openObjects);
    check(retries >= 0, "retries must not be negative", retries);
  }

  private static void check(boolean valid, String rule, long value) {
    if (!valid) {
      throw new IllegalArgumentException("block cache: %s, was %d".formatted(rule, value));
    }
  }

  /** Blocks of 512 KiB, RAM tier on, one decode thread for each processor. */
  public static CacheConfig of(long poolBytes) {
    return of(poolBytes, 512 << 10);
  }

  /** The same with another block size. */
  public static CacheConfig of(long poolBytes, int blockBytes) {
    return new CacheConfig(
        blockBytes,
        poolBytes,
        true,
        ReadMode.AUTO,
        64,
        Runtime.getRuntime().availableProcessors(),
        64,
        Math.max(8 << 20, blockBytes),
        512,
        3);
  }

  /** The same with the RAM tier on or off. */
  public CacheConfig withRamTier(boolean on) {
    return new CacheConfig(
        blockBytes,
        poolBytes,
        on,
        readMode,
        queueDepth,
        decodeThreads,
        decodeStreams,
        coalesceBytes,
        openObjects,
        retries);
  }

  /** The same with another way to read local files. */
  public CacheConfig withReads(ReadMode mode, int depth) {
    return new CacheConfig(
        blockBytes,
        poolBytes,
        ramTier,
        mode,
        depth,
        decodeThreads,
        decodeStreams,
        coalesceBytes,
        openObjects,
        retries);
  }

  /** The same with other numbers of decode threads and streams. */
  public CacheConfig withDecoding(int threads, int streams) {
    return new CacheConfig(
        blockBytes,
        poolBytes,
        ramTier,
        readMode,
        queueDepth,
        threads,
        streams,
        coalesceBytes,
        openObjects,
        retries);
  }

  /** The same with another number of retries. */
  public CacheConfig withRetries(int times) {
    return new CacheConfig(
        blockBytes,
        poolBytes,
        ramTier,
        readMode,
        queueDepth,
        decodeThreads,
        decodeStreams,
        coalesceBytes,
        openObjects,
        times);
  }

  /** An origin for local files that reads as this configuration says; the caller closes it. */
  public FileOrigin fileOrigin(ByteBudget budget) {
    return FileOrigin.open(BlockReaderConfig.of(budget).withQueueDepth(queueDepth), readMode);
  }
}
