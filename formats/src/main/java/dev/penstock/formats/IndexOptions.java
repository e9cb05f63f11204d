package dev.penstock.formats;

import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * How a shard is scanned for its index.
 *
 * @param format the format, or empty to detect it from the first decoded bytes
 * @param progress called now and then, on the scanning thread, with the decoded bytes passed so far
 * @param toleratesDamage whether framing that breaks ends the scan with a {@linkplain
 *     ShardIndex#damage damaged} last sample, instead of the scan's failing
 */
public record IndexOptions(
    Optional<RecordFormat> format, LongConsumer progress, boolean toleratesDamage) {
  /** Detects the format and reports to nobody. */
  public static IndexOptions detecting() {
    return new IndexOptions(Optional.empty(), ignored -> {}, false);
  }

  /** Takes the shard to be of {@code format}. */
  public static IndexOptions of(RecordFormat format) {
    return new IndexOptions(Optional.of(format), ignored -> {}, false);
  }

  /** The same, reporting to {@code consumer}. */
  public IndexOptions withProgress(LongConsumer consumer) {
    return new IndexOptions(format, consumer, toleratesDamage);
  }

  /** The same, keeping what stands before damage. */
  public IndexOptions toleratingDamage() {
    return new IndexOptions(format, progress, true);
  }
}
