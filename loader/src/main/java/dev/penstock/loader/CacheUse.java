package dev.penstock.loader;

import java.util.Locale;

/**
 * What one session leaves on the cache directories. It reads what is there in any case.
 *
 * @param bypass whether it adds nothing: for a job that reads its data once
 * @param quotaBytes bytes of its job's blocks that may be there, at most; at the quota the job's
 *     own least needed blocks make room for others of its own
 * @param job a name that the job's sessions share; "" if they are those that ask for the same
 *     order, as a job's ranks do
 */
public record CacheUse(boolean bypass, long quotaBytes, String job) {
  /** Characters of a job's name, at most: enough for any scheduler's. */
  private static final int NAME_MAX = 256;

  /** Adds what is worth it, as far as there is room. */
  public static final CacheUse FULL = new CacheUse(false, Long.MAX_VALUE, "");

  /** Adds nothing. */
  public static final CacheUse BYPASS = new CacheUse(true, Long.MAX_VALUE, "");

  /** Checks quota and name. */
  public CacheUse {
    if (quotaBytes < 0) {
      throw new IllegalArgumentException(
          "cache_quota: value is too small (%d bytes), at least 0 is required"
              .formatted(quotaBytes));
    }
    if (job.length() > NAME_MAX) {
      throw new IllegalArgumentException(
          "job: a name of %d characters, at most %d are accepted"
              .formatted(job.length(), NAME_MAX));
    }
  }

  /** The same with a quota. */
  public CacheUse withQuota(long bytes) {
    return new CacheUse(bypass, bytes, job);
  }

  /** The same for a job of this name. */
  public CacheUse ofJob(String name) {
    return new CacheUse(bypass, quotaBytes, name);
  }

  /**
   * By its written form, {@code use} or {@code bypass}.
   *
   * @throws IllegalArgumentException if it is neither
   */
  public static CacheUse parse(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "use" -> FULL;
      case "bypass" -> BYPASS;
      default ->
          throw new IllegalArgumentException(
              "cache is '%s', accepted are use and bypass".formatted(text));
    };
  }
}
