package dev.penstock.cache.remote;

import dev.penstock.cache.origin.ObjectVersion;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.origin.StoredObject;
import java.io.IOException;

/** Small questions, such as what is at a location, tried again like ranges are. Thread-safe. */
public final class RemoteRetries {
  private final RetryPolicy policy;

  /** With budgets of its own: a listing must not eat up what ranges may need. */
  public RemoteRetries(RemoteConfig config) {
    this.policy = new RetryPolicy(config);
  }

  /** A question to a store. */
  @FunctionalInterface
  public interface Question<T> {
    /** Asks once. */
    T ask() throws IOException;
  }

  /**
   * Asks until there is an answer.
   *
   * @throws OriginException if there is none; never {@link Retry#TEMPORARY}
   */
  public <T> T call(String location, Question<T> question) throws OriginException {
    StoredObject object = new StoredObject(location, location, 0, new ObjectVersion("unknown"));
    RetryPolicy.History history = new RetryPolicy.History();
    while (true) {
      RetryPolicy.Verdict verdict;
      try {
        T answer = question.ask();
        policy.succeeded();
        return answer;
      } catch (IOException failure) {
        verdict = policy.judge(object, 0, -1, failure, history);
      }
      OriginException failure = verdict.failure();
      if (failure != null) {
        throw failure;
      }
      try {
        Thread.sleep(verdict.pauseMillis());
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        throw new OriginException(
            Kind.CANCELLED, Retry.PERMANENT, location, "interrupted while asking the store");
      }
    }
  }
}
