package dev.penstock.formats;

import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * How a shard is scanned for its index.
 *
 * @param format the format, or empty to detect it from the first decoded bytes
 * @param progress called now and then, on the scanning thread, with the decoded bytes passed so far
 */
public record IndexOptions(Optional<RecordFormat> format, LongConsumer progress) {
  /** Detects the format and reports to nobody. */
  public static IndexOptions detecting() {
    return new IndexOptions(Optional.empty(), ignored -> {});
  }

  /** Takes the shard to be of {@code format}. */
  public static IndexOptions of(RecordFormat format) {
    return new IndexOptions(Optional.of(format), ignored -> {});
  }

  /** The same, reporting to {@code consumer}. */
  public IndexOptions withProgress(LongConsumer consumer) {
    return new IndexOptions(format, consumer);
  }
}
