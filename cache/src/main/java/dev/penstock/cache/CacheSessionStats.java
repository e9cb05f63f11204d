package dev.penstock.cache;

/**
 * What one session has had from the cache.
 *
 * @param fetchedBytes bytes of blocks that this session was the first to ask for, and of exact
 *     reads
 * @param ssdHitBytes bytes of blocks that the SSD tier had
 * @param hitBytes bytes of blocks that were there already, or on their way for somebody else
 * @param originWaitNanos time its threads waited for stored bytes, themselves or behind a decoder
 * @param ssdWaitNanos time its threads waited for the SSD tier
 * @param decompressWaitNanos time its threads waited for decompression of bytes that were there
 * @param quotaWaitNanos time its requests waited for its own leases to close
 */
public record CacheSessionStats(
    long fetchedBytes,
    long ssdHitBytes,
    long hitBytes,
    long originWaitNanos,
    long ssdWaitNanos,
    long decompressWaitNanos,
    long quotaWaitNanos) {}
