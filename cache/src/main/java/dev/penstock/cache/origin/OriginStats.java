package dev.penstock.cache.origin;

/**
 * What an origin has been asked for, at one moment. Counts since it was opened.
 *
 * @param requests sent for ranges, retries and second requests included
 * @param bytes of bodies received for ranges
 * @param discardedBytes received and not wanted: skipped in streams, or lost to a faster request
 * @param retries requests repeated after a failure that brought no byte
 * @param resumes requests that went on where a body broke
 * @param hedges second requests for a range that went silent
 * @param hedgesWon of these, those that were faster
 * @param throttled answers that asked for fewer requests
 * @param timeouts requests given up for want of an answer
 * @param failures ranges that failed for good
 * @param inFlight requests under way now
 * @param queued ranges that wait now
 * @param requestLimit requests that are allowed at a time now
 * @param openConnections connections open now, 0 where the origin cannot tell
 */
public record OriginStats(
    long requests,
    long bytes,
    long discardedBytes,
    long retries,
    long resumes,
    long hedges,
    long hedgesWon,
    long throttled,
    long timeouts,
    long failures,
    int inFlight,
    int queued,
    int requestLimit,
    int openConnections) {
  /** Nothing yet, and for origins that do not count. */
  public static final OriginStats NONE = new OriginStats(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  /** The sum of two origins. */
  public OriginStats plus(OriginStats other) {
    return new OriginStats(
        requests + other.requests,
        bytes + other.bytes,
        discardedBytes + other.discardedBytes,
        retries + other.retries,
        resumes + other.resumes,
        hedges + other.hedges,
        hedgesWon + other.hedgesWon,
        throttled + other.throttled,
        timeouts + other.timeouts,
        failures + other.failures,
        inFlight + other.inFlight,
        queued + other.queued,
        requestLimit + other.requestLimit,
        openConnections + other.openConnections);
  }
}
