package dev.penstock.cache;

/**
 * A session as quotas of the SSD tier see it.
 *
 * @param id the same for all sessions of one job, if they name it, else the session's own; 0 for
 *     none
 * @param dataset its dataset's number for ever and everywhere; 0 if it has none
 * @param policy what it wants of the cache
 */
record Job(int id, int dataset, CachePolicy policy) {
  static final Job NONE = new Job(0, 0, CachePolicy.NONE);

  /** Ids of named jobs are negative, those of sessions without one positive. */
  private static final int NAMED = Integer.MIN_VALUE;

  /**
   * A new session with a policy. That two names have one id, by chance once in 2^31 pairs, makes
   * their jobs share a quota.
   *
   * @param number different for every session of a cache, positive
   */
  static Job of(CachePolicy policy, int number) {
    int dataset = policy.dataset().isEmpty() ? 0 : policy.dataset().hashCode() | 1;
    int id = policy.job().isEmpty() ? number : policy.job().hashCode() | NAMED;
    return new Job(id, dataset, policy);
  }
}
