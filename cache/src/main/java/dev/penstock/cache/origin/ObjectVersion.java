package dev.penstock.cache.origin;

/**
 * What pins a stored object to one state of it: an ETag, a generation, or modification time, inode
 * and size. Compared for equality only.
 */
public record ObjectVersion(String tag) {}
