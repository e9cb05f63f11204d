package dev.penstock.cache;

/**
 * A session as quotas of the SSD tier see it.
 *
 * @param id different for every session of a cache; 0 for none
 * @param dataset its dataset's number for ever and everywhere; 0 if it has none
 * @param policy what it wants of the cache
 */
record Job(int id, int dataset, CachePolicy policy) {
  static final Job NONE = new Job(0, 0, CachePolicy.NONE);
}
