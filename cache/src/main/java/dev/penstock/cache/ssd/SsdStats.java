package dev.penstock.cache.ssd;

/**
 * What one device of the SSD tier has done and holds, at one moment.
 *
 * @param device its file, and how it is read and written
 * @param state "ok", or why it is not used
 * @param blockBytes size of a block
 * @param slots blocks that fit
 * @param blocks blocks that are there
 * @param hits blocks found here instead of fetched or decoded
 * @param writes blocks written
 * @param evictions blocks given up for others
 * @param corrupt blocks dropped because their bytes were wrong
 * @param failures reads, writes and commits that failed
 */
public record SsdStats(
    String device,
    String state,
    int blockBytes,
    int slots,
    int blocks,
    long hits,
    long writes,
    long evictions,
    long corrupt,
    long failures) {}
