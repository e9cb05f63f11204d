package dev.penstock.loader.cli;

import dev.penstock.loader.Batch;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a consumer has had; a session's own counters run ahead of it. */
final class Delivered {
  private final List<String> sources;
  private final long[] bySource;
  private long batches;
  private long samples;
  private long bytes;

  /** Counts rows of these sources of a mixture apart; of none if the list is empty. */
  Delivered(List<String> sources) {
    this.sources = sources;
    this.bySource = new long[sources.size()];
  }

  void add(Batch batch) {
    batches++;
    samples += batch.rows();
    for (String field : batch.fieldNames()) {
      bytes += batch.values(field).byteSize();
    }
    for (int row = 0; bySource.length > 0 && row < batch.rows(); row++) {
      bySource[batch.source(row)]++;
    }
  }

  long batches() {
    return batches;
  }

  long samples() {
    return samples;
  }

  /** Samples by the name of their source, in the sources' order; empty for one dataset. */
  Map<String, Long> bySource() {
    Map<String, Long> counts = new LinkedHashMap<>();
    for (int i = 0; i < bySource.length; i++) {
      counts.put(sources.get(i), bySource[i]);
    }
    return counts;
  }

  /** Bytes of the fields, without keys and without what the layout adds. */
  long bytes() {
    return bytes;
  }
}
