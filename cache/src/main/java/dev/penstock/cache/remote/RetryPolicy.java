package dev.penstock.cache.remote;

import dev.penstock.cache.http.HttpFormatException;
import dev.penstock.cache.http.HttpProxyException;
import dev.penstock.cache.http.HttpTimeoutException;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.origin.StoredObject;
import java.io.IOException;
import java.net.UnknownHostException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/**
 * Whether a failure is worth another attempt, and after which pause. Two budgets bound it: failures
 * in a row and time for each range, and retries of all ranges together in proportion to what
 * succeeds, so that an outage is met with few requests. Thread-safe.
 */
final class RetryPolicy {
  /** The store's own wish for a pause is believed up to this. */
  private static final long ASKED_PAUSE_MILLIS_MAX = 30_000;

  private final RemoteConfig config;
  private final Allowance allowance;
  private final LongAdder retries = new LongAdder();
  private final LongAdder resumes = new LongAdder();

  RetryPolicy(RemoteConfig config) {
    this.config = config;
    this.allowance =
        new Allowance(
            config.retriesAtStart(),
            config.retriesPerRequest(),
            Math.max(1, config.retriesAtStart()));
  }

  /** What one range went through. One thread at a time. */
  static final class History {
    private int failuresInARow;
    private int failures;
    private long since;

    /** Whether any attempt failed, so that the next takes another connection. */
    boolean failed() {
      return failures > 0;
    }

    /** Whether the attempt that failed now had brought bytes. */
    void progressed(boolean brought) {
      if (brought) {
        failuresInARow = 0;
      }
    }
  }

  /**
   * What to do.
   *
   * @param failure to end with, if it is not worth another attempt
   * @param pauseMillis before the next attempt
   */
  record Verdict(@Nullable OriginException failure, long pauseMillis) {}

  /** Judges a failure; {@code left} is -1 where no range was asked for. */
  Verdict judge(StoredObject object, long offset, long left, IOException failure, History history) {
    OriginException typed = typed(object, offset, left, failure);
    if (typed.retry() != Retry.TEMPORARY) {
      return new Verdict(typed, 0);
    }
    boolean resumes = history.failuresInARow == 0 && history.failures > 0;
    long now = System.nanoTime();
    if (history.failuresInARow == 0) {
      history.since = now;
    }
    history.failuresInARow++;
    history.failures++;
    long failingMillis = TimeUnit.NANOSECONDS.toMillis(now - history.since);
    if (history.failuresInARow >= config.failuresMax() || failingMillis > config.patienceMillis()) {
      return ended(
          typed, "failed %d times in %d ms".formatted(history.failuresInARow, failingMillis));
    }
    if (!allowance.take()) {
      return ended(typed, "failed, and the job's budget of retries is spent");
    }
    (resumes ? this.resumes : retries).increment();
    long asked = failure instanceof RetryLaterException later ? later.millis() : 0;
    return new Verdict(
        null,
        Math.max(Math.min(asked, ASKED_PAUSE_MILLIS_MAX), pauseMillis(history.failuresInARow)));
  }

  /** Half fixed and half random: those that failed together do not come back together. */
  private long pauseMillis(int failuresInARow) {
    long whole =
        Math.min(config.pauseMillisMax(), config.pauseMillis() << Math.min(20, failuresInARow - 1));
    return whole / 2 + ThreadLocalRandom.current().nextLong(whole / 2 + 1);
  }

  private static Verdict ended(OriginException last, String how) {
    return new Verdict(
        last.retold(Retry.PERSISTENT, "%s, the last time: %s".formatted(how, last.reason())), 0);
  }

  void succeeded() {
    allowance.succeeded();
  }

  long retries() {
    return retries.sum();
  }

  long resumes() {
    return resumes.sum();
  }

  static Kind kindOf(IOException failure) {
    return switch (failure) {
      case OriginException typed -> typed.kind();
      case RetryLaterException later -> later.failure().kind();
      case HttpTimeoutException _ -> Kind.TIMED_OUT;
      case HttpFormatException _ -> Kind.CORRUPT;
      case HttpProxyException proxy -> proxy.isDenied() ? Kind.DENIED : Kind.FAILED;
      default -> Kind.FAILED;
    };
  }

  /** A failure with its kind and place. */
  private static OriginException typed(
      StoredObject object, long offset, long left, IOException failure) {
    return switch (failure) {
      case OriginException typed -> typed;
      case RetryLaterException later -> later.failure();
      case SSLHandshakeException tls ->
          typed(
              object,
              offset,
              left,
              tls,
              Retry.PERMANENT,
              "no secure connection: %s; if the certificate is of your own authority, name a trust store with PENSTOCK_JAVA_OPTS=-Djavax.net.ssl.trustStore=FILE"
                  .formatted(tls.getMessage()));
      case HttpProxyException proxy ->
          typed(object, offset, left, proxy, Retry.PERMANENT, text(proxy));
      default -> typed(object, offset, left, failure, Retry.TEMPORARY, text(failure));
    };
  }

  /** Of the object as a whole if nothing of it was asked for. */
  private static OriginException typed(
      StoredObject object,
      long offset,
      long left,
      IOException failure,
      Retry retry,
      String reason) {
    OriginException typed =
        left < 0
            ? new OriginException(kindOf(failure), retry, object.location(), reason)
            : new OriginException(kindOf(failure), retry, object.location(), offset, left, reason);
    return typed.causedBy(failure);
  }

  static String text(IOException failure) {
    String message = failure.getMessage();
    if (failure instanceof UnknownHostException) {
      return "the name of the host is not known: " + message;
    }
    return message == null ? failure.toString() : message;
  }
}
