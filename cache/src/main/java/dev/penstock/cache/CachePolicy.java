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
 * @param job a name that all sessions of one job share; "" for a session that is a job of its own
 * @param bypass whether the session's blocks are not kept: for what is read once
 * @param jobQuotaBytes SSD bytes that hold blocks which the sessions of its job have fetched in
 *     this process, at most; at the quota the job's own least needed blocks make room for those
 *     that it needs more. Each session keeps to its own number
 * @param datasetQuotaBytes SSD bytes that hold blocks of its dataset, at most; the same among those
 */
public record CachePolicy(
    String dataset,
    long datasetBytes,
    long epochBytes,
    String job,
    boolean bypass,
    long jobQuotaBytes,
    long datasetQuotaBytes) {
  /** No name, no limits. */
  public static final CachePolicy NONE =
      new CachePolicy("", 0, 0, "", false, Long.MAX_VALUE, Long.MAX_VALUE);

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
    return new CachePolicy(
        name, bytes, bytesOfEpoch, job, bypass, jobQuotaBytes, datasetQuotaBytes);
  }

  /** The same for a session of a job with this name. */
  public CachePolicy ofJob(String name) {
    return new CachePolicy(
        dataset, datasetBytes, epochBytes, name, bypass, jobQuotaBytes, datasetQuotaBytes);
  }

  /** The same, its blocks not kept, or kept. */
  public CachePolicy withBypass(boolean value) {
    return new CachePolicy(
        dataset, datasetBytes, epochBytes, job, value, jobQuotaBytes, datasetQuotaBytes);
  }

  /** The same with limits. */
  public CachePolicy withQuotas(long ofJob, long ofDataset) {
    return new CachePolicy(dataset, datasetBytes, epochBytes, job, bypass, ofJob, ofDataset);
  }
}
