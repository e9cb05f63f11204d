package dev.penstock.loader;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The bad samples of a session, each listed once, and the limit past which they are too many. */
final class BadSamples {
  private static final Logger LOG = LoggerFactory.getLogger(BadSamples.class);

  /** Entries kept and logged; the count goes on. */
  private static final int MAX_ENTRIES = 10_000;

  private static final int LOGGED_ENTRIES = 20;

  private final BadSamplePolicy policy;
  private final long maxBad;
  private final List<BadSample> entries = new ArrayList<>();
  private final Set<Long> known = new HashSet<>();
  private long count;

  BadSamples(SessionConfig config) {
    this.policy = config.onBad();
    this.maxBad = config.maxBadSamples();
  }

  /**
   * Notes a bad sample.
   *
   * @param sample its number in the dataset
   * @param delivered samples delivered so far, which the tolerated share is taken of
   * @throws PipelineFailedException if the policy is to fail, or there are too many
   */
  synchronized void add(long sample, BadSample entry, long delivered, Exception cause) {
    if (policy == BadSamplePolicy.FAIL) {
      throw new PipelineFailedException(
          "bad sample " + entry.key() + " (skip or replace such samples with --on-bad)", cause);
    }
    count++;
    if (known.size() < MAX_ENTRIES && known.add(sample)) {
      entries.add(entry);
      if (entries.size() <= LOGGED_ENTRIES) {
        LOG.warn(
            "bad sample {} in {} at byte {}: {}",
            entry.key(),
            entry.shard(),
            entry.offset(),
            entry.reason());
      }
    }
    if (count - delivered / 100 > maxBad) {
      throw new PipelineFailedException(
          "too many bad samples: %d of %d, tolerated are %d and one in a hundred"
              .formatted(count, delivered + count, maxBad),
          cause);
    }
  }

  synchronized long count() {
    return count;
  }

  synchronized List<BadSample> entries() {
    return List.copyOf(entries);
  }
}
