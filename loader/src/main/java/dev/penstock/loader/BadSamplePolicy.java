package dev.penstock.loader;

/**
 * What happens to a sample whose bytes are not what its format says: a bad CRC, a truncated member,
 * a declared field that does not decode. A failed read is never one.
 */
public enum BadSamplePolicy {
  /** The run ends with an error that names shard, offset and reason. */
  FAIL,
  /** Its place stays empty: the batch has fewer rows and says so. */
  SKIP,
  /** The next good sample of the same window stands in, marked as a replacement. */
  REPLACE
}
