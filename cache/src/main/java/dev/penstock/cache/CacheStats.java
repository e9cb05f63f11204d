package dev.penstock.cache;

/**
 * What the cache has done and holds, at one moment.
 *
 * @param fetchedBytes stored bytes asked of the origins for blocks
 * @param hitBytes bytes of blocks that a session asked for and that were there, or on their way for
 *     somebody else
 * @param evictions blocks given up for others
 * @param retries requests repeated after a temporary failure or a short answer
 * @param decodedBytes bytes decompressed
 * @param wastedBytes of these, bytes that nobody had asked for and that were not kept
 * @param openObjects handles open now
 * @param residentBlocks blocks in the table now
 * @param poolBlocks blocks of the pool
 * @param freeBlocks of these, free now
 * @param ssdHitBytes bytes of blocks that a device of the SSD tier had
 * @param ssdWrittenBytes bytes of blocks written there
 * @param ssdUnwrittenBlocks blocks that a device would have kept and that were not written, because
 *     as many as may be were on their way there
 * @param ssdBlocks blocks there now
 * @param ssdSlots blocks that fit there
 * @param ssdCorruptBlocks blocks dropped because their bytes were not those that were written
 * @param ssdFailures reads, writes and commits that failed
 * @param ssdUnusable devices that are not used now, because they failed or are slow
 */
public record CacheStats(
    long fetchedBytes,
    long hitBytes,
    long evictions,
    long retries,
    long decodedBytes,
    long wastedBytes,
    int openObjects,
    int residentBlocks,
    int poolBlocks,
    int freeBlocks,
    long ssdHitBytes,
    long ssdWrittenBytes,
    long ssdUnwrittenBlocks,
    long ssdBlocks,
    long ssdSlots,
    long ssdCorruptBlocks,
    long ssdFailures,
    int ssdUnusable) {}
