package dev.penstock.cache.remote;

import java.util.Map;
import java.util.TreeMap;

/**
 * How hard a remote store is asked. Where the numbers come from is said in {@code docs/remote.md}.
 *
 * @param requestsMax requests in flight, at most
 * @param requestsAtStart requests in flight before anything is known of the store
 * @param bytesMax bytes asked for and in flight, at most; one request is always allowed
 * @param requestBytes neighbouring ranges are asked for together up to this size
 * @param failuresMax failures in a row, without a byte between them, before a range fails
 * @param pauseMillis the pause after the first failure; doubled each time, half of it random
 * @param pauseMillisMax its bound
 * @param patienceMillis from the first failure of a range until it is given up
 * @param retriesAtStart retries that all ranges together may use up before any succeeded
 * @param retriesPerRequest what each success adds to that
 * @param hedgesPerRequest second requests, as a share of all; 0 turns hedging off
 * @param hedgeMillisMin no second request before this long a silence
 */
public record RemoteConfig(
    int requestsMax,
    int requestsAtStart,
    long bytesMax,
    int requestBytes,
    int failuresMax,
    long pauseMillis,
    long pauseMillisMax,
    long patienceMillis,
    int retriesAtStart,
    double retriesPerRequest,
    double hedgesPerRequest,
    long hedgeMillisMin) {
  /**
   * The most that is accepted. The buffers of so many connections, each range asked for twice, are
   * 70 MiB with TLS ({@link dev.penstock.cache.http.ConnectionMemory}) of the 160 that the Java
   * heap has; and requests of 8 MiB are bounded by {@code bytesMax} long before.
   */
  public static final int REQUESTS_MAX = 256;

  /** Checks ranges. */
  public RemoteConfig {
    check(
        requestsMax >= 1 && requestsMax <= REQUESTS_MAX,
        "requests in flight must be 1 to " + REQUESTS_MAX);
    check(requestsAtStart >= 1 && requestsAtStart <= requestsMax, "first requests: 1 to the most");
    check(bytesMax >= 1 && requestBytes >= 1, "bytes in flight must be positive");
    check(failuresMax >= 1 && pauseMillis >= 1, "failures and pauses must be positive");
    check(pauseMillisMax >= pauseMillis && patienceMillis >= 0, "pauses must fit their bounds");
    check(retriesAtStart >= 0 && retriesPerRequest >= 0, "retries must not be negative");
    check(hedgesPerRequest >= 0 && hedgesPerRequest <= 1, "hedges must be a share");
  }

  private static void check(boolean valid, String rule) {
    if (!valid) {
      throw new IllegalArgumentException("remote reads: " + rule);
    }
  }

  /** The defaults. */
  public static RemoteConfig defaults() {
    return new RemoteConfig(
        128, 8, 512L << 20, 8 << 20, 8, 50, 5_000, 120_000, 1_000, 0.2, 0.02, 5);
  }

  /**
   * The defaults changed by {@code remote.requests}, {@code remote.bytes}, {@code
   * remote.request-bytes}, {@code remote.hedges} (a share) and {@code remote.patience-ms}.
   *
   * @throws IllegalArgumentException naming the option, what it was and what is accepted
   */
  public static RemoteConfig of(Map<String, String> options) {
    RemoteConfig base = defaults();
    Map<String, String> left = new TreeMap<>(options);
    left.keySet().removeIf(key -> !key.startsWith("remote."));
    int requests = (int) number(left, "remote.requests", base.requestsMax, 1, REQUESTS_MAX);
    RemoteConfig made =
        new RemoteConfig(
            requests,
            Math.min(base.requestsAtStart, requests),
            number(left, "remote.bytes", base.bytesMax, 1 << 20, 1L << 40),
            (int) number(left, "remote.request-bytes", base.requestBytes, 64 << 10, 1 << 30),
            base.failuresMax,
            base.pauseMillis,
            base.pauseMillisMax,
            number(left, "remote.patience-ms", base.patienceMillis, 0, 86_400_000),
            base.retriesAtStart,
            base.retriesPerRequest,
            share(left, "remote.hedges", base.hedgesPerRequest),
            base.hedgeMillisMin);
    if (!left.isEmpty()) {
      throw new IllegalArgumentException(
          "origin options %s are not known; there are remote.requests, remote.bytes, remote.request-bytes, remote.hedges and remote.patience-ms"
              .formatted(left.keySet()));
    }
    return made;
  }

  private static long number(
      Map<String, String> options, String key, long otherwise, long least, long most) {
    String value = options.remove(key);
    if (value == null) {
      return otherwise;
    }
    try {
      long number = Long.parseLong(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException _) {
      // Refused below, like a number out of range.
    }
    throw new IllegalArgumentException(
        "origin option %s: value is '%s', accepted are %d to %d"
            .formatted(key, value, least, most));
  }

  private static double share(Map<String, String> options, String key, double otherwise) {
    String value = options.remove(key);
    if (value == null) {
      return otherwise;
    }
    if (!value.matches("0(\\.\\d{1,9})?|1(\\.0{1,9})?")) {
      throw new IllegalArgumentException(
          "origin option %s: value is '%s', accepted are shares from 0 to 1, such as 0.02"
              .formatted(key, value));
    }
    return Double.parseDouble(value);
  }

  /** The same with other bounds of requests in flight. */
  public RemoteConfig withRequests(int atStart, int most) {
    return new RemoteConfig(
        most,
        atStart,
        bytesMax,
        requestBytes,
        failuresMax,
        pauseMillis,
        pauseMillisMax,
        patienceMillis,
        retriesAtStart,
        retriesPerRequest,
        hedgesPerRequest,
        hedgeMillisMin);
  }

  /** The same with other pauses, for tests that cannot wait. */
  public RemoteConfig withPauses(long first, long most, long patience) {
    return new RemoteConfig(
        requestsMax,
        requestsAtStart,
        bytesMax,
        requestBytes,
        failuresMax,
        first,
        most,
        patience,
        retriesAtStart,
        retriesPerRequest,
        hedgesPerRequest,
        hedgeMillisMin);
  }

  /** The same with other budgets of retries. */
  public RemoteConfig withRetries(int inARow, int atStart, double perRequest) {
    return new RemoteConfig(
        requestsMax,
        requestsAtStart,
        bytesMax,
        requestBytes,
        inARow,
        pauseMillis,
        pauseMillisMax,
        patienceMillis,
        atStart,
        perRequest,
        hedgesPerRequest,
        hedgeMillisMin);
  }

  /** The same with another share of second requests. */
  public RemoteConfig withHedging(double perRequest, long millisMin) {
    return new RemoteConfig(
        requestsMax,
        requestsAtStart,
        bytesMax,
        requestBytes,
        failuresMax,
        pauseMillis,
        pauseMillisMax,
        patienceMillis,
        retriesAtStart,
        retriesPerRequest,
        perRequest,
        millisMin);
  }
}
