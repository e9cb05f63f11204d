package dev.penstock.loader;

import java.util.Locale;

/**
 * What one session leaves on the cache directories. It reads what is there in any case.
 *
 * @param bypass whether it adds nothing: for a job that reads its data once
 * @param quotaBytes bytes of its blocks that may be there, at most; at the quota its own least
 *     needed blocks make room for others of its own
 */
public record CacheUse(boolean bypass, long quotaBytes) {
  /** Adds what is worth it, as far as there is room. */
  public static final CacheUse FULL = new CacheUse(false, Long.MAX_VALUE);

  /** Adds nothing. */
  public static final CacheUse BYPASS = new CacheUse(true, Long.MAX_VALUE);

  /** Checks the quota. */
  public CacheUse {
    if (quotaBytes < 0) {
      throw new IllegalArgumentException(
          "cache_quota: value is too small (%d bytes), at least 0 is required"
              .formatted(quotaBytes));
    }
  }

  /** The same with a quota. */
  public CacheUse withQuota(long bytes) {
    return new CacheUse(bypass, bytes);
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
