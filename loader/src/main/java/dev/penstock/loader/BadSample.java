package dev.penstock.loader;

/**
 * A sample whose bytes are not what its format or its declared fields say.
 *
 * @param shard its shard's name
 * @param offset where it starts, in decoded bytes
 * @param key its key
 * @param reason what is wrong with it
 */
public record BadSample(String shard, long offset, String key, String reason) {}
