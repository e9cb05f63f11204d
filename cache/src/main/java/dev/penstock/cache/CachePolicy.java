package dev.penstock.cache;

/**
 * What a session wants of the tier below memory, and what it may take there.
 *
 * @param dataset a name that all sessions on the same dataset share, in every process; "" for none
 * @param datasetBytes bytes of all blocks that an epoch over the dataset goes through, decoded ones
 *     where shards are compressed; 0 if not known. With it the SSD tier knows which part of the
 *     dataset it can hold, and writes no other
 * @param epochBytes of these, bytes that this session goes through in an epoch; less where other
 *     hosts read the rest
 * @param bypass whether the session's blocks are not kept: for what is read once
 * @param jobQuotaBytes SSD bytes that hold blocks which this session has fetched, at most; at the
 *     quota its own least needed blocks make room for those that it needs more
 * @param datasetQuotaBytes SSD bytes that hold blocks of its dataset, at most; the same among those
 */
public record CachePolicy(
    String dataset,
    long datasetBytes,
    long epochBytes,
    boolean bypass,
    long jobQuotaBytes,
    long datasetQuotaBytes) {
  /** No name, no limits. */
  public static final CachePolicy NONE =
      new CachePolicy("", 0, 0, false, Long.MAX_VALUE, Long.MAX_VALUE);

  /** Checks the numbers. */
  public CachePolicy {
    if (datasetBytes < 0 || epochBytes < 0 || jobQuotaBytes < 0 || datasetQuotaBytes < 0) {
      throw new IllegalArgumentException(
          "cache policy of '%s': sizes must not be negative: %d, %d, %d"
              .formatted(dataset, datasetBytes, jobQuotaBytes, datasetQuotaBytes));
    }
  }

  /** No limits, for sessions on a dataset of this name and size. */
  public static CachePolicy of(String dataset, long datasetBytes) {
    return NONE.on(dataset, datasetBytes, datasetBytes);
  }

  /** The same limits for a session on a dataset. */
  public CachePolicy on(String name, long bytes, long bytesOfEpoch) {
    return new CachePolicy(name, bytes, bytesOfEpoch, bypass, jobQuotaBytes, datasetQuotaBytes);
  }

  /** The same, its blocks not kept, or kept. */
  public CachePolicy withBypass(boolean value) {
    return new CachePolicy(
        dataset, datasetBytes, epochBytes, value, jobQuotaBytes, datasetQuotaBytes);
  }

  /** The same with limits. */
  public CachePolicy withQuotas(long ofJob, long ofDataset) {
    return new CachePolicy(dataset, datasetBytes, epochBytes, bypass, ofJob, ofDataset);
  }
}
